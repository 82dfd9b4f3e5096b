using Danmaku.Actors.Tests.Cluster;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;
using Xunit;

namespace Danmaku.Actors.Tests.Clocks;

[Trait("Category", "cluster")]
public sealed class ClockTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    [Theory]
    [InlineData(8)]
    [InlineData(-8)]
    public async Task An_origin_whose_clock_leaves_the_others_stamps_nothing_and_gives_its_rooms_to_another(int days)
    {
        var time = new ShiftedTimeProvider();
        await using var cluster = new TestCluster();
        var wrong = await cluster.AddAsync("wrong", "origin", time: time);
        var edge = await cluster.AddAsync("edge", "edge");
        await cluster.ReadyAsync();
        var viewer = await edge.JoinAsync("lobby", WireFormat.Json);
        await Eventually.TrueAsync(() => viewer.Outbox.OfType("welcome").Count == 1, Patience);
        var start = DateTimeOffset.UtcNow;
        var posted = await PostAllAsync(edge, 1, 5);
        Assert.Equal(1, wrong.Metrics.OriginRooms);

        time.Set(TimeSpan.FromDays(days));

        // Its edge is the only one to ask, and there is nobody to take its rooms yet.
        await Eventually.TrueAsync(() => wrong.Rooms.Impaired is not null, Patience);
        var refused = await edge.Rooms.PostAsync(RoomId.Parse("lobby"), TestViewer.NewPost("refused"), 0, CancellationToken.None);
        Assert.Equal(RejectReason.Unavailable, Assert.IsType<PostResult.Rejected>(refused).Reason);
        var right = await cluster.AddAsync("right", "origin");
        posted += await PostAllAsync(edge, 6, 5);
        await Eventually.TrueAsync(() => wrong.Metrics.OriginRooms == 0 && right.Metrics.OriginRooms == 1, Patience);
        time.Set(TimeSpan.Zero);
        await Eventually.TrueAsync(() => wrong.Rooms.Impaired is null, Patience);

        await Eventually.TrueAsync(() => viewer.Seen.Count == posted, Patience);
        Assert.Equal(Enumerable.Range(1, 10).Select(i => $"{i}"), viewer.Seen);
        var times = viewer.Outbox.OfType("batch").SelectMany(batch => batch.GetProperty("comments").EnumerateArray()).Select(comment => comment.GetProperty("time").GetInt64()).ToArray();
        Assert.Equal(times.Order(), times);
        Assert.All(times, at => Assert.InRange(at, start.AddSeconds(-1).ToUnixTimeMilliseconds(), DateTimeOffset.UtcNow.AddSeconds(1).ToUnixTimeMilliseconds()));
        Assert.Single(wrong.Log.Lines, line => line.Contains("clock is wrong", StringComparison.Ordinal));
        Assert.Single(wrong.Log.Lines, line => line.Contains("clock is right again", StringComparison.Ordinal));
        Assert.DoesNotContain(right.Log.Lines.Concat(edge.Log.Lines), line => line.Contains("clock", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_lone_origin_uses_its_stores_clock()
    {
        var time = new ShiftedTimeProvider();
        time.Set(TimeSpan.FromDays(8));
        await using var cluster = new TestCluster();
        cluster.Store.Clock = () => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        var node = await cluster.AddAsync("node", "origin,edge", time: time);
        await cluster.ReadyAsync();

        await Eventually.TrueAsync(() => node.Rooms.Impaired is not null, Patience);
        Assert.StartsWith("the clock is 8.00:00:0", node.Rooms.Impaired, StringComparison.Ordinal);
        Assert.IsType<PostResult.Rejected>(await node.Rooms.PostAsync(RoomId.Parse("lobby"), TestViewer.NewPost("refused"), 0, CancellationToken.None));
        time.Set(TimeSpan.Zero);

        await Eventually.TrueAsync(() => node.Rooms.Impaired is null, Patience);
        await PostAllAsync(node, 1, 1);
    }

    /// <summary>Posts as a client does: again, with the same id, until it is accepted.</summary>
    private static async Task<int> PostAllAsync(TestNode node, int first, int count)
    {
        foreach (var number in Enumerable.Range(first, count))
        {
            var post = TestViewer.NewPost($"{number}");
            await Eventually.TrueAsync(
                async () => await node.Rooms.PostAsync(
                    RoomId.Parse("lobby"), post with { Deadline = DateTimeOffset.UtcNow.AddSeconds(2).ToUnixTimeMilliseconds() }, 0, CancellationToken.None)
                    is PostResult.Accepted or PostResult.Repeated,
                Patience);
        }

        return count;
    }
}
