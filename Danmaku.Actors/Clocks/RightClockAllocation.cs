using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster.Sharding;

namespace Danmaku.Actors.Clocks;

/// <summary>Chooses the origins of rooms as Akka.NET's own strategy does, but avoids origins with a wrong clock while there is another.</summary>
/// <remarks>The coordinator of the rooms asks it every <c>rebalance-interval</c>. If all clocks are wrong, rooms stay where they are.</remarks>
public sealed class RightClockAllocation(IShardAllocationStrategy inner, NodeClock clock, Address self, TimeProvider time)
    : IActorSystemDependentAllocationStrategy
{
    /// <summary>How often rooms are moved only for balance.</summary>
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
