using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster.Sharding;

namespace Danmaku.Actors.Clocks;

/// <summary>Says on which origin rooms are: as Akka.NET's own strategy does, but on none whose clock is wrong while there is another.</summary>
/// <remarks>Belongs to the coordinator of the rooms, which asks every <c>rebalance-interval</c>. Where all clocks are wrong, rooms stay where they are.</remarks>
public sealed class RightClockAllocation(IShardAllocationStrategy inner, NodeClock clock, Address self, TimeProvider time)
    : IActorSystemDependentAllocationStrategy
{
    /// <summary>How often rooms are moved for balance alone.</summary>
    private static readonly TimeSpan BalanceEvery = TimeSpan.FromSeconds(10);

    private long _balancedAt = time.GetTimestamp();

    public void Start(ActorSystem system) => (inner as IActorSystemDependentAllocationStrategy)?.Start(system);

    public Task<IActorRef> AllocateShard(
        IActorRef requester, string shardId, IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations) =>
        inner.AllocateShard(requester, shardId, Right(currentShardAllocations));

    public Task<IImmutableSet<string>> Rebalance(
        IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations, IImmutableSet<string> rebalanceInProgress)
    {
        var right = Right(currentShardAllocations);
        var toMove = currentShardAllocations.Where(region => !right.ContainsKey(region.Key)).SelectMany(region => region.Value).Except(rebalanceInProgress);
        if (toMove.ToImmutableHashSet() is { Count: > 0 } shards)
        {
            return Task.FromResult<IImmutableSet<string>>(shards);
        }

        if (time.GetElapsedTime(_balancedAt) < BalanceEvery)
        {
            return Task.FromResult<IImmutableSet<string>>(ImmutableHashSet<string>.Empty);
        }

        _balancedAt = time.GetTimestamp();
        return inner.Rebalance(right, rebalanceInProgress);
    }

    private IImmutableDictionary<IActorRef, IImmutableList<string>> Right(IImmutableDictionary<IActorRef, IImmutableList<string>> regions)
    {
        var right = regions.Where(region => !clock.IsWrong(region.Key.Path.Address.HasLocalScope ? self : region.Key.Path.Address)).ToImmutableDictionary();
        return right.IsEmpty ? regions : right;
    }
}
