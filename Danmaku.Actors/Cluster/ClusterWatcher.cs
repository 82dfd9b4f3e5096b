using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.PublishSubscribe;
using Akka.Event;
using Danmaku.Actors.Replication;
using Danmaku.Core.Observability;
using static Danmaku.Actors.Rooms.ReplicationProtocol;

namespace Danmaku.Actors.Cluster;

/// <summary>
/// Tells the other nodes what this one carries and whether it takes viewers, and remembers what they tell. Ends an edge that has had no origin for long: origins that
/// all restarted have formed a cluster of their own, which only an edge that starts anew finds.
/// </summary>
public sealed class ClusterWatcher : ReceiveActor, IWithTimers
{
    private const string Topic = "dm-nodes";

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    private readonly TimeSpan _orphanAfter;
    private readonly TimeProvider _time;
    private readonly string _name;
    private readonly string _publicUrl;
    private readonly IngressState _ingress;
    private readonly NodeNotes _notes;
    private readonly DanmakuMetrics _metrics;
    private readonly IActorRef _mediator = DistributedPubSub.Get(Context.System).Mediator;
    private readonly string _address = Akka.Cluster.Cluster.Get(Context.System).SelfAddress.ToString();

    private long _originSeenAt;
    private bool _isDraining;

    /// <param name="publicUrl">Where viewers reach this node; empty when that is not known.</param>
    /// <param name="orphanAfter">How long this node goes on without an origin.</param>
    public ClusterWatcher(
        string name, string publicUrl, TimeSpan orphanAfter, IngressState ingress, NodeNotes notes, DanmakuMetrics metrics, TimeProvider time)
    {
        (_name, _publicUrl, _orphanAfter, _ingress, _notes, _metrics, _time) = (name, publicUrl, orphanAfter, ingress, notes, metrics, time);
        _originSeenAt = time.GetTimestamp();

        Receive<NodeNote>(note => _notes.Set(note));
        Receive<ClusterEvent.MemberRemoved>(removed => _notes.Remove(removed.Member.Address.ToString()));
        Receive<Drain>(_ => OnDrain());
        Receive<Tick>(_ => OnTick());
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

    private void OnDrain()
    {
        _isDraining = true;
        Publish();
    }

    private void OnTick()
    {
        Publish();
        if (Akka.Cluster.Cluster.Get(Context.System).State.Members.Any(member => member.HasRole(ClusterRoles.Origin)))
        {
            _originSeenAt = _time.GetTimestamp();
        }
        else if (_time.GetElapsedTime(_originSeenAt) > _orphanAfter)
        {
            Context.GetLogger().Error("There has been no origin for {0}: leaving, to join anew", _orphanAfter);
            Timers.Cancel(nameof(Tick));
            CoordinatedShutdown.Get(Context.System).Run(CoordinatedShutdown.ClusterDowningReason.Instance);
        }
    }

    private void Publish()
    {
        var note = new NodeNote(
            _address, _name, _publicUrl, _ingress.IsComplete && !_isDraining, _metrics.EdgeRooms + _metrics.OriginRooms, _metrics.Viewers);
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

/// <summary>The newest <see cref="NodeNote"/> of each node, by address. Thread-safe.</summary>
public sealed class NodeNotes
{
    private ImmutableDictionary<string, NodeNote> _notes = ImmutableDictionary<string, NodeNote>.Empty;

    public NodeNote? Of(string address) => _notes.GetValueOrDefault(address);

    internal void Set(NodeNote note) => ImmutableInterlocked.Update(ref _notes, (notes, n) => notes.SetItem(n.Address, n), note);

    internal void Remove(string address) => ImmutableInterlocked.Update(ref _notes, (notes, a) => notes.Remove(a), address);
}
