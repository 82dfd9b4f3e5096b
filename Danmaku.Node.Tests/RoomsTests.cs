using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Danmaku.Core.Rooms;
using Danmaku.Node.Tests.Support;

namespace Danmaku.Node.Tests;

/// <summary>What a node's rooms owe to viewers and servers, as they see it over the wire.</summary>
public sealed class RoomsTests(RoomsTests.Shared shared) : IClassFixture<RoomsTests.Shared>, IDisposable
{
    private readonly string _room = "room-" + TestViewer.NewId();

    private Uri Url => shared.Node.Url;

    public void Dispose() => shared.Node.AssertNoErrors();

    [Fact]
    public async Task Everybody_is_welcomed()
    {
        var (viewer, welcome) = await TestViewer.JoinAsync(Url, _room, new { type = "join", name = " Mei " });
        using var _ = viewer;

        Assert.Equal(_room, welcome.GetProperty("room").GetString());
        Assert.Equal("test", welcome.GetProperty("node").GetString());
        Assert.Equal("Mei", welcome.GetProperty("name").GetString());
        Assert.Equal(0, welcome.GetProperty("position").GetProperty("offset").GetInt64());
        Assert.False(welcome.GetProperty("lost").GetBoolean());
        Assert.Equal(1, welcome.GetProperty("viewers").GetInt64());
        Assert.Equal(7000, welcome.GetProperty("heartbeat").GetInt64());
    }

    [Fact]
    public async Task All_viewers_see_the_same_danmaku_in_the_same_order()
    {
        var viewers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => TestViewer.JoinAsync(Url, _room)));

        await Task.WhenAll(viewers.Select(async (joined, v) =>
        {
            for (var i = 0; i < 50; i++)
            {
                await joined.Viewer.PostAsync($"{v}-{i}");
            }
        }));
        var seen = await Task.WhenAll(viewers.Select(joined => joined.Viewer.WatchAsync(200)));

        Assert.Equal(Enumerable.Range(1, 200).Select(i => (long)i), seen[0].Select(danmaku => danmaku.Offset));
        Assert.All(seen, one => Assert.Equal(seen[0], one));
        Assert.Equal(200, seen[0].Select(danmaku => danmaku.Text).Distinct().Count());
        Assert.All(Enumerable.Range(0, 4), v => Assert.Equal(
            Enumerable.Range(0, 50).Select(i => $"{v}-{i}"),
            seen[0].Select(danmaku => danmaku.Text).Where(text => text.StartsWith($"{v}-", StringComparison.Ordinal))));
        Array.ForEach(viewers, joined => joined.Viewer.Dispose());
    }

    [Fact]
    public async Task Plain_and_json_viewers_hear_each_other()
    {
        using var plain = await TestViewer.PlainAsync(Url, "/ws/" + _room);
        var (json, _) = await TestViewer.JoinAsync(Url, _room);
        using var __ = json;

        await json.SayAsync(new
        {
            type = "post",
            id = TestViewer.NewId(),
            text = " from json ",
            mode = "top",
            color = "#FF8800",
            size = "large",
            at = 83500,
        });
        Assert.Equal("from json", await plain.ReadAsync());
        await plain.SendAsync("from plain");
        Assert.Equal("from plain", await plain.ReadAsync());

        var first = (await json.HearAsync("batch")).GetProperty("comments")[0];
        Assert.Equal("top #ff8800 large", $"{first.GetProperty("mode")} {first.GetProperty("color")} {first.GetProperty("size")}");
        Assert.Equal(83500, first.GetProperty("at").GetInt64());
        var second = (await json.HearAsync("batch")).GetProperty("comments")[0];
        Assert.Equal("from plain", second.GetProperty("text").GetString());
        Assert.False(second.TryGetProperty("mode", out var ___));
        Assert.StartsWith("guest-", second.GetProperty("name").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_viewer_gets_no_history_and_nothing_but_danmaku()
    {
        var (json, _) = await TestViewer.JoinAsync(Url, _room);
        using var __ = json;
        await json.PostAsync("before");
        await json.HearAsync("ack");
        using var plain = await TestViewer.PlainAsync(Url, "/ws/" + _room);

        // Its own post comes back, so it is the first thing that it hears.
        await plain.SendAsync("marker");

        Assert.Equal("marker", await plain.ReadAsync());
    }

    [Fact]
    public async Task A_viewer_that_joins_gets_the_newest_history()
    {
        var (early, _) = await TestViewer.JoinAsync(Url, _room);
        using var __ = early;
        foreach (var text in new[] { "a", "b", "c", "d" })
        {
            await early.PostAsync(text);
            await early.HearAsync("ack");
        }

        var (late, welcome) = await TestViewer.JoinAsync(Url, _room, new { type = "join", history = 3 });
        using var ___ = late;

        Assert.Equal(1, welcome.GetProperty("position").GetProperty("offset").GetInt64());
        Assert.Equal(["b", "c", "d"], (await late.WatchAsync(3)).Select(danmaku => danmaku.Text));
    }

    [Fact]
    public async Task A_viewer_that_comes_back_gets_exactly_what_it_missed()
    {
        var (poster, _) = await TestViewer.JoinAsync(Url, _room);
        using var __ = poster;
        await poster.PostAsync("seen");
        var (epoch, offset, _) = Assert.Single(await poster.WatchAsync(1));
        await poster.PostAsync("missed 1");
        await poster.PostAsync("missed 2");
        await poster.WatchAsync(2);

        var (back, welcome) = await TestViewer.JoinAsync(Url, _room, new { type = "join", position = new { epoch, offset }, history = 50 });
        using var ___ = back;
        await poster.PostAsync("next");

        Assert.False(welcome.GetProperty("lost").GetBoolean());
        Assert.Equal(offset, welcome.GetProperty("position").GetProperty("offset").GetInt64());
        Assert.Equal([(epoch, 2L, "missed 1"), (epoch, 3L, "missed 2"), (epoch, 4L, "next")], await back.WatchAsync(3));
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(Position.MaxInteger, 1)]
    public async Task A_viewer_with_an_unknown_position_is_told_lost(long epoch, long offset)
    {
        var (poster, _) = await TestViewer.JoinAsync(Url, _room);
        using var __ = poster;
        await poster.PostAsync("a");
        await poster.PostAsync("b");
        await poster.WatchAsync(2);

        var (back, welcome) = await TestViewer.JoinAsync(Url, _room, new { type = "join", position = new { epoch, offset }, history = 1 });
        using var ___ = back;

        Assert.True(welcome.GetProperty("lost").GetBoolean());
        Assert.Equal("b", Assert.Single(await back.WatchAsync(1)).Text);
    }

    [Fact]
    public async Task A_post_is_acknowledged_with_its_position_and_a_repeat_with_the_same()
    {
        var (viewer, _) = await TestViewer.JoinAsync(Url, _room);
        using var __ = viewer;
        var id = await viewer.PostAsync("once");
        var first = await viewer.HearAsync("ack");

        await viewer.SayAsync(new { type = "post", id, text = "once" });
        var second = await viewer.HearAsync("ack");
        await viewer.PostAsync("marker");
        await viewer.HearAsync("ack");

        Assert.Equal(first.GetRawText(), second.GetRawText());
        Assert.Equal(id, first.GetProperty("id").GetString());
        Assert.True(first.GetProperty("durable").GetBoolean());
        var (other, _) = await TestViewer.JoinAsync(Url, _room);
        using var ___ = other;
        Assert.Equal(["once", "marker"], (await other.WatchAsync(2)).Select(danmaku => danmaku.Text));
    }

    [Fact]
    public async Task Everybody_is_told_how_many_are_there()
    {
        var (one, _) = await TestViewer.JoinAsync(Url, _room);
        using var __ = one;
        var two = await TestViewer.PlainAsync(Url, "/ws/" + _room);
        await HearCountAsync(one, 2);

        await two.CloseAsync();
        two.Dispose();

        await HearCountAsync(one, 1);
    }

    [Fact]
    public async Task Rooms_know_nothing_of_each_other()
    {
        var (here, _) = await TestViewer.JoinAsync(Url, _room);
        var (there, _) = await TestViewer.JoinAsync(Url, _room + "-2");
        using var __ = here;
        using var ___ = there;

        await there.PostAsync("there");
        await there.HearAsync("ack");
        await here.PostAsync("here");

        Assert.Equal("here", Assert.Single(await here.WatchAsync(1)).Text);
    }

    [Fact]
    public async Task A_server_posts_over_HTTP_and_a_repeat_of_its_key_posts_once()
    {
        var (viewer, _) = await TestViewer.JoinAsync(Url, _room);
        using var __ = viewer;

        var first = await PostAsync(new { text = "from a server", name = "Bot", mode = "bottom" }, "order 17");
        var second = await PostAsync(new { text = "from a server", name = "Bot" }, "order 17");
        var third = await PostAsync(new { text = "marker" }, "order 18");

        Assert.Equal(first, second);
        Assert.NotEqual(first, third);
        var comment = (await viewer.HearAsync("batch")).GetProperty("comments")[0];
        Assert.Equal("Bot bottom", comment.GetProperty("name") + " " + comment.GetProperty("mode"));
        Assert.Equal("marker", Assert.Single(await viewer.WatchAsync(1)).Text);
    }

    [Fact]
    public async Task Viewers_that_vanish_are_not_counted_for_long()
    {
        var (one, _) = await TestViewer.JoinAsync(Url, _room);
        using var __ = one;
        var two = await RawClient.UpgradeAsync(Url, "/ws/" + _room);
        await HearCountAsync(one, 2);

        two.Dispose();

        await HearCountAsync(one, 1);
    }

    [Fact]
    public async Task The_cluster_is_shown_without_addresses()
    {
        var cluster = await shared.Node.Http.GetFromJsonAsync<JsonElement>("/api/cluster");

        Assert.Equal("test", cluster.GetProperty("node").GetString());
        var member = Assert.Single(cluster.GetProperty("members").EnumerateArray());
        Assert.Equal("Up", member.GetProperty("status").GetString());
        Assert.Equal(["edge", "origin"], member.GetProperty("roles").EnumerateArray().Select(role => role.GetString()).Order());
        Assert.False(member.TryGetProperty("address", out _));
    }

    private static async Task HearCountAsync(TestViewer viewer, long count)
    {
        while ((await viewer.HearAsync("viewers")).GetProperty("count").GetInt64() != count)
        {
        }
    }

    private async Task<string> PostAsync(object body, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/rooms/{_room}/danmaku") { Content = JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", key);
        using var response = await shared.Node.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>Rates are lifted; what a limit does is tested elsewhere.</summary>
    public sealed class Shared() : SharedNode(
        "--Danmaku:Connection:PostsPerSecond=0", "--Danmaku:Connection:PostsPerSecondPerAddress=0", "--Danmaku:Connection:HttpPostsPerSecond=0",
        "--Danmaku:Room:PostsPerSecond=0");
}
