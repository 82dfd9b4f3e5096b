using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.PublishSubscribe;
using Akka.Event;
using Danmaku.Actors.Replication;
using Danmaku.Core.Observability;
using static Danmaku.Actors.Rooms.ReplicationProtocol;

namespace Danmaku.Actors.Cluster;

/// <summary>Tells the other nodes this node's load and whether it accepts viewers. Remembers what they tell, and their addresses.</summary>
public sealed class ClusterWatcher : ReceiveActor, IWithTimers
{
    private const string Topic = "dm-nodes";

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly string _name;
    private readonly string _publicUrl;
    private readonly Func<Uri?> _httpUrl;
    private readonly IngressState _ingress;
    private readonly NodeStatuses _statuses;
    private readonly KnownNodes _known;
    private readonly DanmakuMetrics _metrics;
    private readonly IActorRef _mediator = DistributedPubSub.Get(Context.System).Mediator;
    private readonly string _address = Akka.Cluster.Cluster.Get(Context.System).SelfAddress.ToString();

    private bool _isDraining;

    /// <param name="publicUrl">The address at which viewers reach this node; empty when unknown.</param>
    /// <param name="httpUrl">The address at which other nodes reach this node over HTTP, once it is known.</param>
    public ClusterWatcher(
        string name, string publicUrl, Func<Uri?> httpUrl, IngressState ingress, NodeStatuses statuses, KnownNodes known, DanmakuMetrics metrics)
    {
        (_name, _publicUrl, _httpUrl, _ingress, _statuses, _known, _metrics) = (name, publicUrl, httpUrl, ingress, statuses, known, metrics);

        Receive<NodeStatus>(_statuses.Set, status => _cluster.State.Members.Any(member => member.Address.ToString() == status.Address));

        // From a node that has left, or has not joined yet: it will send it again.
        Receive<NodeStatus>(_ => { });
        Receive<ClusterEvent.MemberRemoved>(removed => _statuses.Remove(removed.Member.Address.ToString()));
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

        // A node that is alone may be about to leave, or may have just come back: keep the older list.
        if (_cluster.State.Members is { Count: > 1 } members)
        {
            _known.Write(members.Select(member => member.Address).Where(address => !address.Equals(_cluster.SelfAddress)), Context.GetLogger());
        }
    }

    private void Publish()
    {
        var status = new NodeStatus(
            _address, _name, _publicUrl, _ingress.IsComplete && !_isDraining, _metrics.EdgeRooms + _metrics.OriginRooms, _metrics.Viewers)
        {
            HttpUrl = _httpUrl()?.AbsoluteUri ?? "",
        };
        _statuses.Set(status);
        _mediator.Tell(new Publish(Topic, status));
    }

    /// <summary>This node accepts no more viewers. Not answered; safe to repeat.</summary>
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
public sealed class NodeStatuses
{
    private ImmutableDictionary<string, NodeStatus> _statuses = ImmutableDictionary<string, NodeStatus>.Empty;

    public NodeStatus? Of(string address) => _statuses.GetValueOrDefault(address);

    internal void Set(NodeStatus status) => ImmutableInterlocked.Update(ref _statuses, (statuses, n) => statuses.SetItem(n.Address, n), status);

    internal void Remove(string address) => ImmutableInterlocked.Update(ref _statuses, (statuses, a) => statuses.Remove(a), address);
}
