using Danmaku.Actors.Cluster;
using Danmaku.Testing;
using Xunit;

namespace Danmaku.Actors.Tests.Cluster;

/// <summary>Every cluster of up to four origins and four edges, and everything that can become of its members.</summary>
public sealed class SplitBrainStrategyTests
{
    /// <summary>What has become of a node.</summary>
    private enum Fate
    {
        Left,
        Right,
        Crashed,
    }

    [Theory]
    [InlineData("O o e e", true)]
    [InlineData("O o E e e", true)]
    [InlineData("O o E E e", false)]
    [InlineData("O o E e", false)]
    [InlineData("O o", false)]
    [InlineData("O o o e", false)]
    [InlineData("O O o e e e", false)]
    public void Half_of_the_origins_with_fewer_than_half_of_the_members_waits(string here, bool isWeak)
    {
        // Capital: on this side.
        var members = here.Split(' ').Select((node, i) => new Peer<int>(
            i, node is "O" or "o", true, char.IsUpper(node[0]) ? PeerState.Here : PeerState.Lost)).ToArray();

        Assert.Equal(isWeak, SplitBrainStrategy.IsWeakHalf(members));
    }

    [Fact]
    public void A_side_that_reaches_half_of_the_origins_stays()
    {
        foreach (var world in Worlds())
        {
            foreach (var side in world.Sides.Where(side => 2 * side.Origins >= world.Origins))
            {
                Assert.Equal(side.Members, side.Survivors(world));
            }
        }
    }

    [Fact]
    public void After_a_crash_of_up_to_half_of_the_origins_and_of_any_edges_all_others_stay()
    {
        foreach (var world in Worlds().Where(world => !world.IsSplit && world.Sides is [var rest] && 2 * rest.Origins >= world.Origins))
        {
            var crashed = world.Nodes.Where(node => world.Fates[node] == Fate.Crashed);

            Assert.Equal(crashed, world.Decisions(world.Sides[0].Fate).Order());
        }
    }

    [Fact]
    public void Of_a_split_at_most_one_side_keeps_origins_unless_each_has_exactly_half_of_them()
    {
        foreach (var world in Worlds().Where(world => world.IsSplit))
        {
            var keep = world.Sides.Count(side => side.Survivors(world).Any(world.IsOrigin));

            var isHalved = world.Sides.All(side => 2 * side.Origins == world.Origins);
            Assert.InRange(keep, 0, isHalved ? 2 : 1);
        }
    }

    [Fact]
    public void A_side_without_origins_decides_nothing_and_a_side_with_too_few_ends()
    {
        foreach (var world in Worlds())
        {
            foreach (var side in world.Sides.Where(side => 2 * side.Origins < world.Origins))
            {
                Assert.Equal(side.Origins == 0 ? [] : side.Members, world.Decisions(side.Fate).Order());
            }
        }
    }

    [Fact]
    public void Only_origins_remove_members_and_on_each_side_only_one_of_them()
    {
        foreach (var world in Worlds())
        {
            foreach (var side in world.Sides)
            {
                var deciders = side.Members.Where(node => world.Decide(node).Count > 0).ToArray();

                Assert.True(deciders.Length <= 1);
                Assert.All(deciders, node => Assert.True(world.IsOrigin(node)));
            }
        }
    }

    [Fact]
    public void No_node_decides_while_an_origin_is_only_suspected()
    {
        Peer<int>[] members = [Origin(1), Origin(2, PeerState.Suspected), Origin(3, PeerState.Lost), Edge(4, PeerState.Lost)];

        Assert.Empty(SplitBrainStrategy.Decide(members, 1));
    }

    [Fact]
    public void A_suspected_edge_delays_nothing_and_stays()
    {
        Peer<int>[] members = [Origin(1), Origin(2, PeerState.Lost), Edge(3, PeerState.Suspected), Edge(4, PeerState.Lost)];

        Assert.Equal([2, 4], SplitBrainStrategy.Decide(members, 1));
    }

    [Fact]
    public void A_joining_member_has_no_vote_but_is_removed_when_lost()
    {
        Peer<int>[] members = [Joining(1), Origin(2), Joining(3) with { State = PeerState.Lost }, Joining(4) with { State = PeerState.Lost }];

        Assert.Empty(SplitBrainStrategy.Decide(members, 1));
        Assert.Equal([3, 4], SplitBrainStrategy.Decide(members, 2));
    }

    [Fact]
    public void Exactly_one_of_two_parts_that_see_each_other_ends()
    {
        foreach (var (one, other) in Fates(5).Select(fates => (Places(fates, Fate.Left), Places(fates, Fate.Right))).Where(parts => parts is ({ Length: > 0 }, { Length: > 0 })))
        {
            Assert.NotEqual(SplitBrainStrategy.GivesWay(one, other), SplitBrainStrategy.GivesWay(other, one));
            Assert.False(SplitBrainStrategy.GivesWay(one, []));
        }

        static int[] Places(Fate[] fates, Fate fate) => [.. Enumerable.Range(0, fates.Length).Where(place => fates[place] == fate)];
    }

    [Fact]
    public void Silence_counts_only_without_a_break()
    {
        var time = new ManualTimeProvider();
        var silence = new UnreachabilityTimer<string>(TimeSpan.FromSeconds(5), time);

        silence.Observe(["a", "b"]);
        time.Advance(TimeSpan.FromSeconds(4));
        silence.Observe(["a"]);
        silence.Observe(["a", "b"]);
        time.Advance(TimeSpan.FromSeconds(1));
        silence.Observe(["a", "b"]);

        Assert.Equal((PeerState.Lost, PeerState.Suspected, PeerState.Here), (silence.Of("a"), silence.Of("b"), silence.Of("c")));
    }

    private static Peer<int> Origin(int id, PeerState state = PeerState.Here) => new(id, true, true, state);

    private static Peer<int> Edge(int id, PeerState state = PeerState.Here) => new(id, false, true, state);

    private static Peer<int> Joining(int id) => new(id, true, false, PeerState.Here);

    private static IEnumerable<World> Worlds() =>
        from origins in Enumerable.Range(1, 4)
        from edges in Enumerable.Range(0, 5)
        from originsFirst in (bool[])[true, false]
        from fates in Fates(origins + edges)
        select new World(origins, originsFirst, fates);

    private static IEnumerable<Fate[]> Fates(int nodes)
    {
        for (var i = 0; i < Math.Pow(3, nodes); i++)
        {
            yield return [.. Enumerable.Range(0, nodes).Select(node => (Fate)(i / (int)Math.Pow(3, node) % 3))];
        }
    }

    /// <summary>A cluster to which something has happened, long enough ago.</summary>
    private sealed record World(int Origins, bool OriginsFirst, Fate[] Fates)
    {
        public IEnumerable<int> Nodes => Enumerable.Range(0, Fates.Length);

        public Side[] Sides => [.. ((Fate[])[Fate.Left, Fate.Right]).Where(fate => Fates.Contains(fate)).Select(ToSide)];

        public bool IsSplit => Sides.Length == 2;

        public bool IsOrigin(int node) => OriginsFirst ? node < Origins : node >= Fates.Length - Origins;

        public IReadOnlyList<int> Decide(int self) => SplitBrainStrategy.Decide(
            [.. Nodes.Select(node => new Peer<int>(node, IsOrigin(node), true, Fates[node] == Fates[self] ? PeerState.Here : PeerState.Lost))], self);

        /// <summary>Whom the nodes of a side put out.</summary>
        public IEnumerable<int> Decisions(Fate side) => Nodes.Where(node => Fates[node] == side).SelectMany(Decide);

        private Side ToSide(Fate fate)
        {
            int[] members = [.. Nodes.Where(node => Fates[node] == fate)];
            return new Side(fate, members, members.Count(IsOrigin));
        }
    }

    private sealed record Side(Fate Fate, int[] Members, int Origins)
    {
        public IEnumerable<int> Survivors(World world) => Members.Except(world.Decisions(Fate));
    }
}
