using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.PublishSubscribe;
using Danmaku.Actors.Cluster;
using Danmaku.Core.Purging;
using Danmaku.Core.Rooms;
using Danmaku.Core.Segments;
using Danmaku.Core.Storage;
using static Danmaku.Actors.Purging.PurgeProtocol;

namespace Danmaku.Actors.Purging;

/// <summary>
/// Sends purges to all nodes, and purges this node's cache. For a room it updates the store first: history fetched after that has new addresses.
/// </summary>
public sealed class PurgeActor : ReceiveActor, IWithTimers
{
    /// <summary>Its name on each node.</summary>
    public const string ActorName = "purges";

    /// <summary>Most purges of this node that wait for other nodes; more are refused.</summary>
    public const int MaxPending = 64;

    private const string Topic = "dm-purge";

    /// <summary>How often nodes that have not answered are asked again.</summary>
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    /// <summary>How long the store, or its origin, may take for a new revision.</summary>
    private static readonly TimeSpan RevisePatience = TimeSpan.FromSeconds(3);

    /// <summary>How long edges may take to answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly IActorRef _mediator = DistributedPubSub.Get(Context.System).Mediator;
    private readonly Dictionary<long, Pending> _pending = [];

    /// <summary>
    /// Rooms of which edges are told that something was recalled, and whether more was recalled meanwhile. No more than rooms of this origin.
    /// </summary>
    private readonly Dictionary<RoomId, bool> _withdrawn = [];

    private readonly string _name;
    private readonly IPurgeable _cache;
    private readonly NodeStatuses _statuses;
    private readonly IRoomStore? _store;
    private readonly TimeProvider _time;
    private long _lastId;

    /// <param name="name">This node's, for operators.</param>
    /// <param name="cache">This node's cache.</param>
    /// <param name="store">Null on a node that is not an origin.</param>
    public PurgeActor(string name, IPurgeable cache, NodeStatuses statuses, IRoomStore? store, TimeProvider time)
    {
        (_name, _cache, _statuses, _store, _time) = (name, cache, statuses, store, time);

        // Greater than those of an earlier process at this address.
        _lastId = time.GetUtcNow().ToUnixTimeMilliseconds();

        Receive<Order>(OnOrder);
        Receive<Withdrawn>(withdrawn => OnWithdrawn(withdrawn.Room));
        Receive<ReviseRoom>(OnRevise);
        Receive<RoomRevised>(OnRevised);
        Receive<PurgeCaches>(OnPurge);
        Receive<CachesPurged>(OnPurged);
        Receive<Tick>(_ => OnTick());
        Receive<SubscribeAck>(_ => { });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        _mediator.Tell(new Subscribe(Topic, Self));
        Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, Every);
    }

    private void OnOrder(Order order)
    {
        if (_pending.Count - _withdrawn.Count >= MaxPending)
        {
            Sender.Tell(new PurgeResult.Unavailable());
            return;
        }

        var pending = new Pending(++_lastId, order.Purge, Sender, _time.GetTimestamp());
        _pending.Add(pending.Id, pending);
        if (order.Purge is PurgeOrder.Room room)
        {
            Revise(new ReviseRoom(pending.Id, room.Id));
        }
        else
        {
            TellEdges(pending);
        }
    }

    /// <summary>One order for a room at a time: what is withdrawn meanwhile is purged after it.</summary>
    private void OnWithdrawn(RoomId room)
    {
        if (!_withdrawn.TryAdd(room, false))
        {
            _withdrawn[room] = true;
            return;
        }

        var pending = new Pending(++_lastId, new PurgeOrder.Room(room), asker: null, _time.GetTimestamp());
        _pending.Add(pending.Id, pending);
        TellEdges(pending);
    }

    /// <summary>Asks this node's store, or an origin.</summary>
    private void Revise(ReviseRoom revise)
    {
        var state = _cluster.State;
        if (_store is not null)
        {
            Self.Tell(revise);
        }
        else if (state.Members.FirstOrDefault(member =>
            member.HasRole(ClusterRoles.Origin) && member.Status == MemberStatus.Up && !state.Unreachable.Contains(member)) is { } origin)
        {
            PurgesOf(origin.Address).Tell(revise);
        }
    }

    private void OnRevise(ReviseRoom revise)
    {
        if (_store is null)
        {
            Sender.Tell(new RoomRevised(revise.Id, null, IsDone: false));
            return;
        }

        ReviseAsync(_store, revise).PipeTo(Sender, Self, failure: _ => new RoomRevised(revise.Id, null, IsDone: false));
    }

    private static async Task<RoomRevised> ReviseAsync(IRoomStore store, ReviseRoom revise)
    {
        using var patience = new CancellationTokenSource(RevisePatience);
        var (from, through) = Revision.Everything;
        return new RoomRevised(revise.Id, await store.ReviseAsync(revise.Room, from, through, patience.Token).ConfigureAwait(false), IsDone: true);
    }

    private void OnRevised(RoomRevised revised)
    {
        if (!_pending.TryGetValue(revised.Id, out var pending) || pending.Waiting is not null)
        {
            return;
        }

        if (revised.IsDone)
        {
            pending.Revision = revised.Revision;
            TellEdges(pending);
        }
        else
        {
            Finish(pending, new PurgeResult.Unavailable());
        }
    }

    private void TellEdges(Pending pending)
    {
        pending.Since = _time.GetTimestamp();
        pending.Waiting = [.. _cluster.State.Members.Where(HasCache).Select(member => member.Address)];
        _mediator.Tell(new Publish(Topic, new PurgeCaches(pending.Id, pending.Order)));
        FinishWhenDone(pending);
    }

    /// <summary>A node that is joining has cached nothing yet; a node that cannot be reached may come back with its cache.</summary>
    private static bool HasCache(Member member) =>
        member.HasRole(ClusterRoles.Edge)
        && member.Status is MemberStatus.Up or MemberStatus.WeaklyUp or MemberStatus.Leaving or MemberStatus.Exiting;

    private static ActorSelection PurgesOf(Address node) => Context.ActorSelection(new RootActorPath(node) / "user" / ActorName);

    private void OnPurge(PurgeCaches purge) =>
        Sender.Tell(new CachesPurged(purge.Id, _cluster.SelfAddress.ToString(), _name, _cache.Purge(purge.Order)));

    private void OnPurged(CachesPurged purged)
    {
        if (_pending.TryGetValue(purged.Id, out var pending) && pending.Waiting?.RemoveWhere(edge => edge.ToString() == purged.Address) > 0)
        {
            pending.Nodes.Add(new PurgedNode(purged.Name, purged.Entries));
            FinishWhenDone(pending);
        }
    }

    private void OnTick()
    {
        foreach (var pending in _pending.Values.ToList())
        {
            var age = _time.GetElapsedTime(pending.Since);
            if (pending.Waiting is null && age > RevisePatience)
            {
                Finish(pending, new PurgeResult.Unavailable());
            }
            else if (pending.Waiting is not null && age > Patience)
            {
                Finish(pending, pending.Result(NameOf));
            }
            else
            {
                TellAgain(pending);
            }
        }
    }

    /// <summary>The topic does not reach nodes that have just joined or are about to leave.</summary>
    private static void TellAgain(Pending pending)
    {
        foreach (var edge in pending.Waiting ?? [])
        {
            PurgesOf(edge).Tell(new PurgeCaches(pending.Id, pending.Order));
        }
    }

    private void FinishWhenDone(Pending pending)
    {
        if (pending.Waiting is { Count: 0 })
        {
            Finish(pending, pending.Result(NameOf));
        }
    }

    private void Finish(Pending pending, PurgeResult result)
    {
        _pending.Remove(pending.Id);
        if (pending.Asker is { } asker)
        {
            asker.Tell(result);
        }
        else if (pending.Order is PurgeOrder.Room { Id: var room } && _withdrawn.Remove(room, out var isAgain) && isAgain)
        {
            OnWithdrawn(room);
        }
    }

    private string NameOf(string address) => _statuses.Of(address) is { Name.Length: > 0 } status ? status.Name : address;

    /// <summary>A purge from this node's endpoint. Answered with a <see cref="PurgeResult"/>; safe to repeat.</summary>
    public sealed record Order(PurgeOrder Purge) : INoSerializationVerificationNeeded;

    /// <summary>From a room of this origin: its store has erased something, and given its history a new revision. Not answered; safe to repeat.</summary>
    public sealed record Withdrawn(RoomId Room) : INoSerializationVerificationNeeded;

    /// <summary>Checks the pending purges.</summary>
    public sealed record Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }

    private sealed class Pending(long id, PurgeOrder order, IActorRef? asker, long since)
    {
        public long Id => id;

        public PurgeOrder Order => order;

        public IActorRef? Asker => asker;

        /// <summary>When its current step began.</summary>
        public long Since { get; set; } = since;

        public long? Revision { get; set; }

        /// <summary>Addresses of edges that have not answered; null while the store has not answered.</summary>
        public HashSet<Address>? Waiting { get; set; }

        public List<PurgedNode> Nodes { get; } = [];

        public PurgeResult.Told Result(Func<string, string> nameOf) => new(
            Revision,
            [.. Nodes.OrderBy(node => node.Name, StringComparer.Ordinal)],
            [.. Waiting!.Select(edge => nameOf(edge.ToString())).Order(StringComparer.Ordinal)]);
    }
}

/// <summary>Forwards to the <see cref="PurgeActor"/> of this node once the actor system has started.</summary>
public sealed class PurgerHandle : IPurger
{
    /// <summary>Longer than a purge may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private IActorRef? _purges;

    public async Task<PurgeResult> PurgeAsync(PurgeOrder order, CancellationToken cancellation)
    {
        if (Volatile.Read(ref _purges) is not { } purges)
        {
            return new PurgeResult.Unavailable();
        }

        try
        {
            return await purges.Ask<PurgeResult>(new PurgeActor.Order(order), Patience, cancellation).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            return new PurgeResult.Unavailable();
        }
    }

    internal void Open(IActorRef purges) => Volatile.Write(ref _purges, purges);
}

/// <summary>A node that has no cache.</summary>
internal sealed class NoCache : IPurgeable
{
    public int Purge(PurgeOrder order) => 0;
}
