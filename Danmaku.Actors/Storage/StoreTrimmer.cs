using Akka.Actor;
using Danmaku.Actors.Clocks;
using Danmaku.Core.Clocks;
using Danmaku.Core.Observability;
using Danmaku.Core.Storage;

namespace Danmaku.Actors.Storage;

/// <summary>Deletes what is past its retention from the store, a little at a time, while the clock can be trusted (<see cref="TrimGate"/>).</summary>
public sealed class StoreTrimmer : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(100);

    private readonly TrimGate _gate = new();

    public StoreTrimmer(IRoomStore store, Retention retention, StoreHealth health, NodeClock clock, DanmakuMetrics metrics, AgreedTime time)
    {
        Receive<Trim>(_ =>
        {
            var now = time.GetUtcNow();
            if (!_gate.TryOpen(time.Monotonic, now, clock.State, clock.AgreedFor))
            {
                metrics.TrimPutOff();
                Wait(Every);
                return;
            }

            store.TrimAsync(retention, now.ToUnixTimeMilliseconds(), CancellationToken.None)
                .PipeTo(Self, success: hasMore => new Trimmed(hasMore), failure: error => new Failed(error));
        });
        Receive<Trimmed>(trimmed =>
        {
            health.Answered();
            Wait(trimmed.HasMore ? Soon : Every);
        });
        Receive<Failed>(failed =>
        {
            health.Failed(failed.Error);
            Wait(Every);
        });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Wait(Every);

    private void Wait(TimeSpan time) => Timers.StartSingleTimer(nameof(Trim), Trim.Instance, time);

    private sealed record Trimmed(bool HasMore) : INoSerializationVerificationNeeded;

    private sealed record Failed(Exception Error) : INoSerializationVerificationNeeded;

    private sealed record Trim : INoSerializationVerificationNeeded
    {
        public static readonly Trim Instance = new();
    }
}
