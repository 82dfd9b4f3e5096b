using Akka.Actor;
using Akka.Cluster.Tools.PublishSubscribe;
using Danmaku.Core.Clocks;
using Danmaku.Core.Storage;
using static Danmaku.Actors.Clocks.ClockProtocol;

namespace Danmaku.Actors.Clocks;

/// <summary>Compares this node's wall clock with its monotonic clock, the other nodes' clocks and the store's, and publishes the verdict.</summary>
public sealed class ClockActor : ReceiveActor, IWithTimers
{
    private const string Topic = "dm-clocks";

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    /// <summary>Answers that took longer are too inexact.</summary>
    private static readonly TimeSpan MaxRoundTrip = TimeSpan.FromSeconds(2);

    /// <summary>How long an answer is used.</summary>
    private static readonly TimeSpan KeepFor = TimeSpan.FromSeconds(10);

    /// <summary>Most nodes whose clocks are compared; answers of more are ignored.</summary>
    private const int MaxNodes = 1000;

    private static readonly long MaxTime = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private readonly IActorRef _mediator = DistributedPubSub.Get(Context.System).Mediator;
    private readonly Address _address = Akka.Cluster.Cluster.Get(Context.System).SelfAddress;
    private readonly Dictionary<Address, (TimeSpan At, TimeSpan Offset, ClockState State)> _nodes = [];
    private readonly NodeClock _clock;
    private readonly IRoomStore? _store;
    private readonly AgreedTime _time;
    private readonly ClockJudge _judge;
    private (TimeSpan At, TimeSpan Offset)? _stored;
    private bool _isReading;
    private bool _hasRead;

    /// <param name="store">Null on a node that is not an origin.</param>
    public ClockActor(NodeClock clock, IRoomStore? store, AgreedTime time)
    {
        (_clock, _store, _time) = (clock, store, time);
        _judge = new ClockJudge(time.Agreed, time.Monotonic);

        Receive<AskClock>(OnAsked);
        Receive<TellClock>(OnTold);
        Receive<StoreTold>(OnStoreTold);
        Receive<Tick>(_ => OnTick());
        Receive<SubscribeAck>(_ => { });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _mediator.Tell(new Subscribe(Topic, Self));
        Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, Every);
        Ask();
        if (_store is null)
        {
            Judge();
        }
    }

    private void OnTick()
    {
        Judge();
        Ask();
    }

    private void Ask()
    {
        var asked = _time.Monotonic;
        _mediator.Tell(new Publish(Topic, new AskClock((long)asked.TotalMilliseconds)));
        if (_store is not null && !_isReading)
        {
            _isReading = true;
            _store.ReadClockAsync(CancellationToken.None).PipeTo(
                Self, success: clock => new StoreTold(asked, clock), failure: _ => new StoreTold(asked, null));
        }
    }

    private void OnAsked(AskClock ask)
    {
        if (!Sender.Equals(Self))
        {
            Sender.Tell(new TellClock(ask.Asked, Math.Max(0, _time.WallClock.ToUnixTimeMilliseconds()), _clock.StateNow));
        }
    }

    private void OnTold(TellClock told)
    {
        // An answer to a future question is invalid.
        if (told.Asked > _time.Monotonic.TotalMilliseconds)
        {
            return;
        }

        var node = Sender.Path.Address;
        if ((_nodes.Count < MaxNodes || _nodes.ContainsKey(node)) && OffsetOf(TimeSpan.FromMilliseconds(told.Asked), told.Time) is { } offset)
        {
            _nodes[node] = (_time.Monotonic, offset, told.State);
        }
    }

    private void OnStoreTold(StoreTold told)
    {
        _isReading = false;
        if (told.Clock?.Now is { } now && OffsetOf(told.Asked, now) is { } offset)
        {
            _stored = (_time.Monotonic, offset);
        }

        Judge();
        if (told.Clock is { } clock && !_hasRead)
        {
            _hasRead = true;
            var ahead = TimeSpan.FromMilliseconds((clock.Newest ?? 0) - _time.GetUtcNow().ToUnixTimeMilliseconds());
            if (ahead > ClockJudge.Tolerance)
            {
                _clock.FoundAhead(ahead);
            }
        }
    }

    /// <summary>How far a clock that was read between a question and now is ahead of the monotonic clock; null when the answer took too long.</summary>
    private TimeSpan? OffsetOf(TimeSpan asked, long time)
    {
        var took = _time.Monotonic - asked;
        return took > MaxRoundTrip ? null : _time.Offset(DateTimeOffset.FromUnixTimeMilliseconds(Math.Min(time, MaxTime))) + took / 2;
    }

    private void Judge()
    {
        var now = _time.Monotonic;
        foreach (var node in _nodes.Where(node => now - node.Value.At > KeepFor).Select(node => node.Key).ToList())
        {
            _nodes.Remove(node);
        }

        var verdict = _judge.Judge(
            now,
            _time.Wall,
            _stored is { } stored && now - stored.At <= KeepFor ? stored.Offset : null,
            _nodes.Values.Select(node => new ClockReading(node.Offset, node.State is ClockState.Right or ClockState.Disputed)));
        var wrong = _nodes.Where(node => node.Value.State == ClockState.Wrong).Select(node => node.Key);
        _clock.Set(
            verdict,
            _judge.Agreed,
            _judge.AgreedFor(now),
            [.. wrong, .. verdict.State == ClockState.Wrong ? [_address] : Array.Empty<Address>()]);
    }

    private sealed record StoreTold(TimeSpan Asked, StoreClock? Clock) : INoSerializationVerificationNeeded;

    /// <summary>Judge the clock, and ask again.</summary>
    public sealed record Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
