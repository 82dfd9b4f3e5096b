using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster.Sharding;
using Akka.TestKit.Xunit2;
using Danmaku.Actors.Clocks;
using Danmaku.Core.Clocks;
using Danmaku.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Danmaku.Actors.Tests.Clocks;

public sealed class RightClockAllocationTests : TestKit
{
    private static readonly Address Self = new("akka.tcp", "danmaku", "10.0.0.1", 4053);
    private static readonly Address Other = new("akka.tcp", "danmaku", "10.0.0.2", 4053);

    private readonly ManualTimeProvider _time = new();
    private readonly NodeClock _clock;
    private readonly RightClockAllocation _allocation;
    private readonly IActorRef _own;
    private readonly IActorRef _other;

    public RightClockAllocationTests()
    {
        _clock = new NodeClock(new AgreedTime(_time), isOrigin: true, NullLogger<NodeClock>.Instance);
        _allocation = new RightClockAllocation(new First(), _clock, Self, _time);
        _own = TestActor;
        _other = new Remote();
    }

    private ImmutableDictionary<IActorRef, IImmutableList<string>> Regions => ImmutableDictionary<IActorRef, IImmutableList<string>>.Empty
        .Add(_own, ImmutableList.Create("1", "2", "3"))
        .Add(_other, ImmutableList.Create("4"));

    [Fact]
    public async Task All_rooms_of_an_origin_with_a_wrong_clock_move_away_and_none_moves_there()
    {
        Wrong(Self);

        Assert.Equal(["1", "3"], (await _allocation.Rebalance(Regions, ImmutableHashSet.Create("2"))).Order());
        Assert.Equal(_other, await _allocation.AllocateShard(_own, "5", Regions));
    }

    [Fact]
    public async Task Rooms_stay_where_they_are_if_all_clocks_are_wrong()
    {
        Wrong(Self, Other);
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(["balance of 2"], await _allocation.Rebalance(Regions, ImmutableHashSet<string>.Empty));
    }

    [Fact]
    public async Task Rooms_are_rebalanced_every_ten_seconds_among_origins_with_right_clocks()
    {
        Wrong(Other);
        var regions = Regions.SetItem(_other, ImmutableList<string>.Empty);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Empty(await _allocation.Rebalance(regions, ImmutableHashSet<string>.Empty));

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(["balance of 1"], await _allocation.Rebalance(regions, ImmutableHashSet<string>.Empty));
        Assert.Empty(await _allocation.Rebalance(regions, ImmutableHashSet<string>.Empty));
    }

    private void Wrong(params Address[] nodes) =>
        _clock.Set(new ClockVerdict(ClockState.Right, TimeSpan.Zero), TimeSpan.Zero, TimeSpan.Zero, [.. nodes]);

    private sealed class Remote : MinimalActorRef
    {
        public override ActorPath Path => new RootActorPath(Other) / "system" / "region";

        public override IActorRefProvider Provider => throw new NotSupportedException();
    }

    private sealed class First : IShardAllocationStrategy
    {
        public Task<IActorRef> AllocateShard(
            IActorRef requester, string shardId, IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations) =>
            Task.FromResult(currentShardAllocations.Keys.First());

        public Task<IImmutableSet<string>> Rebalance(
            IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations, IImmutableSet<string> rebalanceInProgress) =>
            Task.FromResult<IImmutableSet<string>>(ImmutableHashSet.Create($"balance of {currentShardAllocations.Count}"));
    }
}
