using System.Net;
using System.Security.Authentication;
using Akka.Actor;
using Akka.Event;
using Akka.Hosting.Logging;
using DotNetty.Handlers.Tls;
using Microsoft.Extensions.Logging;

namespace Danmaku.Actors.Tls;

/// <summary>Logs in one line why a connection failed; the transport would log ten lines, several times.</summary>
/// <remarks>
/// Logs the same line only once per <see cref="Every"/>, and at most <see cref="MaxLines"/> lines in that time, because anybody who reaches the port can cause
/// such lines. Unknown events pass unchanged.
/// </remarks>
public sealed partial class TlsLogger : LoggerFactoryLogger, IWithTimers
{
    private const int MaxLines = 50;

    /// <summary>Texts of Akka.NET, because these events have no type.</summary>
    private const string
        NoCertificate = "Mutual TLS required", Failed = "TLS handshake failed on channel", FailedLater = "TLS exception on channel",
        Rejected = "Rejected incoming connection";

    /// <summary>The source of events about connections that this node opens; an internal type of Akka.Remote.</summary>
    private const string Outbound = "TcpClientHandler";

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    private readonly ILogger _logger = Context.System.Settings.Setup.Get<LoggerFactorySetup>().Value.LoggerFactory.CreateLogger<TlsLogger>();
    private readonly HashSet<string> _said = [];
    private int _unsaid;

    public ITimerScheduler Timers { get; set; } = null!;

    protected override bool Receive(object message)
    {
        switch (message)
        {
            case Forget forget:
                _said.Remove(forget.Line);
                return true;
            case SayUnsaid:
                LogUnsaid(_logger, _unsaid, Every);
                _unsaid = 0;
                return true;
            default:
                return base.Receive(message);
        }
    }

    protected override void Log(LogEvent log, ActorPath path)
    {
        var (format, values) = log.Message is LogMessage message ? (message.Format, message.Parameters().ToArray()) : ("", []);
        if (values is [TlsTrouble trouble])
        {
            Say(trouble);
        }
        else if (Starts(NoCertificate))
        {
            Say(new TlsTrouble($"{values[0]}", "was refused: it showed no certificate"));
        }
        else if (log.Cause is NotSslRecordException)
        {
            Say(new TlsTrouble(Peer(), "was refused: it does not speak TLS"));
        }
        else if (Starts(Failed) || Starts(FailedLater))
        {
            SayFailure(Peer(), log.Cause);
        }
        else if (!Starts(Rejected))
        {
            base.Log(log, path);
        }

        string Peer() => (log.LogClass.Name == Outbound ? "@" : "") + values[1];

        bool Starts(string text) => format.StartsWith(text, StringComparison.Ordinal);
    }

    private void SayFailure(string peer, Exception? cause)
    {
        var innermost = cause?.GetBaseException();
        if (innermost is IOException)
        {
            Say(new TlsTrouble(peer, "closed the connection during the TLS handshake: it may have refused this node's certificate, or is no node"));
        }
        else if (innermost is not AuthenticationException)
        {
            // An AuthenticationException without an inner one is this node's own refusal, which has been logged.
            Say(new TlsTrouble(peer, $"failed in the TLS handshake: {innermost?.Message.ReplaceLineEndings(" ")}"));
        }
    }

    private void Say(TlsTrouble trouble)
    {
        var line = trouble.ToString();
        if (_said.Contains(line))
        {
            return;
        }

        if (_said.Count == MaxLines)
        {
            CountUnsaid();
            return;
        }

        _said.Add(line);
        Timers.StartSingleTimer(line, new Forget(line), Every);
        LogTrouble(_logger, line);
    }

    private void CountUnsaid()
    {
        if (_unsaid++ == 0)
        {
            Timers.StartSingleTimer(SayUnsaid.Instance, SayUnsaid.Instance, Every);
        }
    }

    [LoggerMessage(40, Microsoft.Extensions.Logging.LogLevel.Warning, "{Trouble}")]
    private static partial void LogTrouble(ILogger logger, string trouble);

    [LoggerMessage(41, Microsoft.Extensions.Logging.LogLevel.Warning, "{Count} more connections of other peers failed within {Every}")]
    private static partial void LogUnsaid(ILogger logger, int count, TimeSpan every);

    private sealed record Forget(string Line) : INoSerializationVerificationNeeded;

    private sealed record SayUnsaid : INoSerializationVerificationNeeded
    {
        public static readonly SayUnsaid Instance = new();
    }
}

/// <summary>A failed connection with a peer.</summary>
/// <param name="Peer">For incoming connections an endpoint; for outgoing ones any text, an @ and the address.</param>
/// <param name="What">The rest of the sentence.</param>
internal sealed record TlsTrouble(string Peer, string What)
{
    public override string ToString() => $"{(IPEndPoint.TryParse(Peer, out var from) ? Plain(from.Address) : PeerAfterAt)} {What}";

    private string PeerAfterAt
    {
        get
        {
            var at = Peer[(Peer.LastIndexOf('@') + 1)..];
            return IPEndPoint.TryParse(at, out var to) ? new IPEndPoint(Plain(to.Address), to.Port).ToString() : at;
        }
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
