using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using Danmaku.Actors.Cluster;
using Danmaku.Core.Storage;

namespace Danmaku.Actors.Storage;

/// <summary>
/// Keeps origins with different stores out of one cluster: a room that moved between them would lose its history. Every origin names its store in
/// one of its roles, which other nodes see before they let it in. The origin that came second ends.
/// </summary>
public sealed class StoreGuard : ReceiveActor
{
    private const string Prefix = "store-";

    private readonly StoreIdentity _store;
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);

    public StoreGuard(StoreIdentity store)
    {
        _store = store;
        Receive<ClusterEvent.IMemberEvent>(change => Check(change.Member));
    }

    /// <summary>The role that shows an origin's store.</summary>
    public static string RoleOf(StoreIdentity store) => $"{Prefix}{store.Kind}-{store.Id}";

    protected override void PreStart() =>
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent));

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    private void Check(Member other)
    {
        var self = _cluster.SelfMember;
        if (other.UniqueAddress.Equals(self.UniqueAddress)
            || !other.HasRole(ClusterRoles.Origin)
            || other.HasRole(RoleOf(_store))
            || other.Status is not (MemberStatus.Joining or MemberStatus.WeaklyUp or MemberStatus.Up)
            || IsFirst(self, other))
        {
            return;
        }

        Context.GetLogger().Error(
            "This origin keeps its rooms in {0}, and {1} keeps them elsewhere. Origins of one cluster share a PostgreSQL database "
            + "(Danmaku:Store:Kind=postgresql): leaving",
            _store.Kind, other.Address);
        CoordinatedShutdown.Get(Context.System).Run(CoordinatedShutdown.ClusterDowningReason.Instance);
    }

    /// <summary>A member that is Up was first; of two that are not, the one with the lower address.</summary>
    private static bool IsFirst(Member self, Member other) => (self.Status == MemberStatus.Up, other.Status == MemberStatus.Up) switch
    {
        (true, true) => self.IsOlderThan(other),
        (false, false) => Member.AddressOrdering.Compare(self.Address, other.Address) < 0,
        (var isUp, _) => isUp,
    };
}
