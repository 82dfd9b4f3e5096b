using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.PublishSubscribe;
using Akka.Event;
using Danmaku.Actors.Replication;
using Danmaku.Core.Observability;
using static Danmaku.Actors.Rooms.ReplicationProtocol;

namespace Danmaku.Actors.Cluster;

/// <summary>Tells the other nodes what this one carries and whether it takes viewers, and remembers what they tell and who they are.</summary>
public sealed class ClusterWatcher : ReceiveActor, IWithTimers
{
    private const string Topic = "dm-nodes";

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly string _name;
    private readonly string _publicUrl;
    private readonly Func<Uri?> _httpUrl;
    private readonly IngressState _ingress;
    private readonly NodeNotes _notes;
    private readonly KnownNodes _known;
    private readonly DanmakuMetrics _metrics;
    private readonly IActorRef _mediator = DistributedPubSub.Get(Context.System).Mediator;
    private readonly string _address = Akka.Cluster.Cluster.Get(Context.System).SelfAddress.ToString();

    private bool _isDraining;

    /// <param name="publicUrl">Where viewers reach this node; empty when that is not known.</param>
    /// <param name="httpUrl">Where other nodes reach this one over HTTP, once that is known.</param>
    public ClusterWatcher(string name, string publicUrl, Func<Uri?> httpUrl, IngressState ingress, NodeNotes notes, KnownNodes known, DanmakuMetrics metrics)
    {
        (_name, _publicUrl, _httpUrl, _ingress, _notes, _known, _metrics) = (name, publicUrl, httpUrl, ingress, notes, known, metrics);

        Receive<NodeStatus>(_notes.Set, note => _cluster.State.Members.Any(member => member.Address.ToString() == note.Address));

        // Of a node that has gone, or has not come in yet: what it says then it says again.
        Receive<NodeStatus>(_ => { });
        Receive<ClusterEvent.MemberRemoved>(removed => _notes.Remove(removed.Member.Address.ToString()));
        Receive<Drain>(_ => OnDrain());
        Receive<Tick>(_ => OnTick());
        Receive<SubscribeAck>(_ => { });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _mediator.Tell(new Subscribe(Topic, Self));
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.MemberRemoved));
        Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, Every);
        Publish();
    }

    private void OnDrain()
    {
        _isDraining = true;
        Publish();
    }

    private void OnTick()
    {
        Publish();

        // Alone it may be about to leave, or have just come back: what it knew of others is worth more.
        if (_cluster.State.Members is { Count: > 1 } members)
        {
            _known.Write(members.Select(member => member.Address).Where(address => !address.Equals(_cluster.SelfAddress)), Context.GetLogger());
        }
    }

    private void Publish()
    {
        var note = new NodeStatus(
            _address, _name, _publicUrl, _ingress.IsComplete && !_isDraining, _metrics.EdgeRooms + _metrics.OriginRooms, _metrics.Viewers)
        {
            HttpUrl = _httpUrl()?.AbsoluteUri ?? "",
        };
        _notes.Set(note);
        _mediator.Tell(new Publish(Topic, note));
    }

    /// <summary>This node takes no viewers any more. Not answered; safe to repeat.</summary>
    public sealed record Drain : INoSerializationVerificationNeeded
    {
        public static readonly Drain Instance = new();
    }

    private sealed record Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}

/// <summary>The newest <see cref="NodeStatus"/> of each node, by address. Thread-safe.</summary>
public sealed class NodeNotes
{
    private ImmutableDictionary<string, NodeStatus> _notes = ImmutableDictionary<string, NodeStatus>.Empty;

    public NodeStatus? Of(string address) => _notes.GetValueOrDefault(address);

    internal void Set(NodeStatus note) => ImmutableInterlocked.Update(ref _notes, (notes, n) => notes.SetItem(n.Address, n), note);

    internal void Remove(string address) => ImmutableInterlocked.Update(ref _notes, (notes, a) => notes.Remove(a), address);
}
