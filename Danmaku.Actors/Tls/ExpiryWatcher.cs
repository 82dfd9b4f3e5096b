using Akka.Actor;
using Akka.Event;

namespace Danmaku.Actors.Tls;

/// <summary>Warns at start and then once a day when this node's certificate is about to expire.</summary>
public sealed class ExpiryWatcher : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan WarnBefore = TimeSpan.FromDays(30);

    private static readonly TimeSpan Every = TimeSpan.FromDays(1);

    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly NodeCertificate _certificate;
    private readonly TimeProvider _time;

    public ExpiryWatcher(NodeCertificate certificate, TimeProvider time)
    {
        (_certificate, _time) = (certificate, time);

        Receive<Tick>(_ => WarnIfSoon());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        WarnIfSoon();
        Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, Every);
    }

    private void WarnIfSoon()
    {
        if (_certificate.Expires - _time.GetUtcNow() < WarnBefore)
        {
            _log.Warning(
                "This node's certificate ({0}) expires at {1:u}; after that other nodes refuse this node. Replace the certificate and restart the node",
                _certificate.Certificate.Subject, _certificate.Expires.UtcDateTime);
        }
    }

    private sealed record Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
