using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.PublishSubscribe;
using Danmaku.Core.Observability;
using static Danmaku.Actors.Rooms.ReplicationProtocol;

namespace Danmaku.Actors.Cluster;

/// <summary>Tells the other nodes what this one carries, and remembers what they tell.</summary>
public sealed class ClusterWatcher : ReceiveActor, IWithTimers
{
    private const string Topic = "dm-nodes";

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    private readonly string _name;
    private readonly NodeNotes _notes;
    private readonly DanmakuMetrics _metrics;
    private readonly IActorRef _mediator = DistributedPubSub.Get(Context.System).Mediator;
    private readonly string _address = Akka.Cluster.Cluster.Get(Context.System).SelfAddress.ToString();

    public ClusterWatcher(string name, NodeNotes notes, DanmakuMetrics metrics)
    {
        (_name, _notes, _metrics) = (name, notes, metrics);

        Receive<NodeNote>(note => _notes.Set(note));
        Receive<ClusterEvent.MemberRemoved>(removed => _notes.Remove(removed.Member.Address.ToString()));
        Receive<Tick>(_ => Publish());
        Receive<SubscribeAck>(_ => { });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _mediator.Tell(new Subscribe(Topic, Self));
        Akka.Cluster.Cluster.Get(Context.System).Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.MemberRemoved));
        Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, Every);
        Publish();
    }

    private void Publish()
    {
        var note = new NodeNote(_address, _name, _metrics.EdgeRooms + _metrics.OriginRooms, _metrics.Viewers);
        _notes.Set(note);
        _mediator.Tell(new Publish(Topic, note));
    }

    private sealed record Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}

/// <summary>The newest <see cref="NodeNote"/> of each node, by address. Thread-safe.</summary>
public sealed class NodeNotes
{
    private ImmutableDictionary<string, NodeNote> _notes = ImmutableDictionary<string, NodeNote>.Empty;

    public NodeNote? Of(string address) => _notes.GetValueOrDefault(address);

    internal void Set(NodeNote note) => ImmutableInterlocked.Update(ref _notes, (notes, n) => notes.SetItem(n.Address, n), note);

    internal void Remove(string address) => ImmutableInterlocked.Update(ref _notes, (notes, a) => notes.Remove(a), address);
}
