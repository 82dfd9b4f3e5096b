using Akka.Actor;
using Akka.Cluster;

namespace Danmaku.Actors.Cluster;

/// <summary>
/// Whether every node of the cluster reads what this release has added to the wire: who said something, and recalls. As long as a node of release 0.1 is a
/// member, nobody is sent that. Thread-safe.
/// </summary>
public sealed class WireLevel
{
    /// <summary>The role of every node that reads it. Others see it before the node is let in.</summary>
    public const string Role = "wire-2";

    private bool _readsSources;

    public bool ReadsSources
    {
        get => Volatile.Read(ref _readsSources);
        internal set => Volatile.Write(ref _readsSources, value);
    }
}

/// <summary>Keeps <see cref="WireLevel"/> by the roles of all members.</summary>
public sealed class WireLevelWatcher : ReceiveActor
{
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly HashSet<UniqueAddress> _older = [];
    private readonly WireLevel _level;

    public WireLevelWatcher(WireLevel level)
    {
        _level = level;
        Receive<ClusterEvent.MemberRemoved>(removed => Set(_older.Remove(removed.Member.UniqueAddress)));
        Receive<ClusterEvent.IMemberEvent>(change => Set(!change.Member.HasRole(WireLevel.Role) && _older.Add(change.Member.UniqueAddress)));
    }

    protected override void PreStart()
    {
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent));
        Set();
    }

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private void Set(bool hasChanged = true)
    {
        if (hasChanged)
        {
            _level.ReadsSources = _older.Count == 0;
        }
    }
}
