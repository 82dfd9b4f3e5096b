using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Nodes of the release before and of this one, in one cluster and on one store: what an upgrade and its way back need.</summary>
[Collection(Lanes.Failover)]
[Trait("Category", "process")]
public sealed class PreviousReleaseTests
{
    private const int Rooms = 8;

    [SkippableFact]
    public async Task Rooms_move_between_releases_and_back_and_no_viewer_misses_anything()
    {
        var previous = await PreviousAsync();
        Skip.If(PostgresServer.Programs is null, NotInstalled.PostgreSql);
        await using var postgres = await PostgresServer.StartNewAsync();
        string[] store = ["Danmaku:Store:Kind=postgresql", "Danmaku:Store:ConnectionString=" + await postgres.CreateDatabaseAsync()];
        await using var fleet = await Fleet.StartAsync(2, store, [[], []], name => name is "origin-1" or "edge-1" ? previous : null);
        Follower[] viewers = [.. await Task.WhenAll(
            from room in Enumerable.Range(0, Rooms)
            from edge in fleet.Edges
            select Follower.JoinAsync(edge.Url, $"room-{room}"))];
        var texts = new List<string>();

        await SayAsync("both are here");
        await KillAndStartAsync("origin-1");
        await KillAndStartAsync("origin-2");
        await StopAndStartAsync("origin-1");
        await StopAndStartAsync("origin-2");

        Assert.All(viewers, viewer => Assert.Equal(texts, viewer.Texts));
        Assert.All(viewers.Chunk(2), pair => Assert.Equal(pair[0].Seen, pair[1].Seen));
        Assert.All(viewers, viewer => Assert.DoesNotContain(viewer.Surprises, surprise => !Follower.IsNewEpoch(surprise)));
        Assert.All(viewers, viewer => Assert.False(viewer.Ended.IsCompleted));
        await Task.WhenAll(viewers.Select(viewer => viewer.DisposeAsync().AsTask()));

        async Task KillAndStartAsync(string origin)
        {
            fleet[origin].Kill();
            await SayAsync($"{origin} is dead");
            await StartAsync(origin);
        }

        async Task StopAndStartAsync(string origin)
        {
            Assert.Equal(0, await fleet[origin].StopAsync());
            await SayAsync($"{origin} has left");
            await StartAsync(origin);
        }

        async Task StartAsync(string origin)
        {
            fleet.Start(origin);
            await fleet.ReadyAsync();
            await SayAsync($"{origin} is back");
        }

        // Through each edge in turn, in every room; all viewers of both edges see it.
        async Task SayAsync(string text)
        {
            foreach (var (edge, said) in fleet.Edges.Select(edge => (edge, $"{texts.Count + 1}: {text}, says {edge.Name}")))
            {
                texts.Add(said);
                await Task.WhenAll(Enumerable.Range(0, Rooms).Select(room => PostUntilAcceptedAsync(edge, $"room-{room}", said)));
                await Task.WhenAll(viewers.Select(viewer => viewer.SeesAsync(said)));
            }
        }
    }

    [SkippableFact]
    public async Task While_the_release_before_is_a_member_its_viewers_see_everything_and_recalls_are_refused()
    {
        var previous = await PreviousAsync();
        await using var fleet = await Fleet.StartAsync(1, ["Danmaku:ServerKey=server"], [[], ["Danmaku:ServerKey=server"]], name => name is "edge-1" ? previous : null);
        await using var viewer = await Follower.JoinAsync(fleet["edge-1"].Url, "lobby");
        using var posted = await ServerAsync(fleet["edge-2"], "danmaku", new { text = "by somebody who is known" });
        await viewer.SeesAsync("by somebody who is known");

        using var refused = await ServerAsync(fleet["edge-2"], "recalls", new { all = true });
        Assert.Equal(0, await fleet["edge-1"].StopAsync());
        await Eventually.TrueAsync(
            async () =>
            {
                using var recalled = await ServerAsync(fleet["edge-2"], "recalls", new { all = true });
                return recalled.IsSuccessStatusCode;
            },
            TimeSpan.FromSeconds(30),
            "a recall is accepted when the node of the release before has gone");

        Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Empty(viewer.Surprises);

        static async Task<HttpResponseMessage> ServerAsync(NodeProcess edge, string what, object body)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/rooms/lobby/" + what) { Content = JsonContent.Create(body) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "server");
            return await edge.Http.SendAsync(request);
        }
    }

    [SkippableFact]
    public async Task Each_release_continues_with_the_other_releases_store()
    {
        var previous = await PreviousAsync();
        var data = Directory.CreateTempSubdirectory("danmaku-").FullName;
        var url = new Uri($"http://127.0.0.1:{Ports.Free(IPAddress.Loopback)}");
        string?[] releases = [previous, null, previous];
        var said = new List<string>();
        foreach (var release in releases)
        {
            await using var node = new NodeProcess("alone", url, ["Danmaku:DataDirectory=" + data], release);
            await Eventually.TrueAsync(node.IsReadyAsync, TimeSpan.FromSeconds(60), "it is ready");
            await using var viewer = await Follower.JoinAsync(url, "kept");
            if (said.Count > 0)
            {
                await viewer.SeesAsync(said[^1]);
            }

            said.Add($"{said.Count + 1}");
            await viewer.PostAndSeeAsync(said[^1]);

            Assert.Equal(said, viewer.Texts);
            Assert.DoesNotContain(viewer.Surprises, surprise => !Follower.IsNewEpoch(surprise));
            Assert.Equal(0, await node.StopAsync());
            Assert.Empty(node.TakeErrors());
        }

        Directory.Delete(data, recursive: true);
    }

    /// <summary>400 code points, of which the release before takes 100 from its own viewers.</summary>
    [SkippableFact]
    public async Task The_longest_text_reaches_the_viewers_of_both_releases_through_origins_of_both()
    {
        var previous = await PreviousAsync();
        Skip.If(PostgresServer.Programs is null, NotInstalled.PostgreSql);
        await using var postgres = await PostgresServer.StartNewAsync();
        string[] store = ["Danmaku:Store:Kind=postgresql", "Danmaku:Store:ConnectionString=" + await postgres.CreateDatabaseAsync()];
        await using var fleet = await Fleet.StartAsync(2, store, [[], []], name => name is "origin-1" or "edge-1" ? previous : null);
        var rooms = Enumerable.Range(0, Rooms).Select(room => $"room-{room}").ToList();
        Follower[] viewers = [.. await Task.WhenAll(from room in rooms from edge in fleet.Edges select Follower.JoinAsync(edge.Url, room))];
        var text = string.Concat(Enumerable.Repeat("क्षि", 100));

        await Task.WhenAll(rooms.Select(room => PostUntilAcceptedAsync(fleet["edge-2"], room, text)));
        await Task.WhenAll(viewers.Select(viewer => viewer.SeesAsync(text)));

        Assert.All(viewers, viewer => Assert.Equal([text], viewer.Texts));
        await Task.WhenAll(viewers.Select(viewer => viewer.DisposeAsync().AsTask()));
    }

    /// <summary>An origin of the release before has no key by which people are known, and nobody waits for one.</summary>
    [SkippableFact]
    public async Task Beside_an_origin_of_the_release_before_people_come_in_without_an_identity_until_it_is_upgraded()
    {
        string? origin = await PreviousAsync();
        await using var fleet = await Fleet.StartAsync(1, [], [[]], name => name == "origin-1" ? origin : null);

        Assert.Null(await JoinAsync());
        await PostUntilAcceptedAsync(fleet["edge-1"], "lobby", "hi");
        Assert.Equal(0, await fleet["origin-1"].StopAsync());
        origin = null;
        fleet.Start("origin-1");
        await fleet.ReadyAsync();

        string? identity = null;
        await Eventually.TrueAsync(async () => (identity = await JoinAsync()) is not null, TimeSpan.FromSeconds(20), "the edge has got the key");
        Assert.Null(await JoinAsync(identity));

        async Task<string?> JoinAsync(string? kept = null)
        {
            var (viewer, welcome) = await TestViewer.JoinAsync(fleet["edge-1"].Url, "lobby", new { type = "join", identity = kept });
            viewer.Dispose();
            return welcome.TryGetProperty("identity", out var given) ? given.GetString() : null;
        }
    }

    private static async Task<string> PreviousAsync()
    {
        var executable = await PreviousRelease.ExecutableAsync();
        Skip.If(executable is null, "no release is tagged here; a shallow clone has no tags (git fetch --tags --unshallow)");
        return executable!;
    }

    /// <summary>As a careful server does: with the same key until it knows.</summary>
    private static async Task PostUntilAcceptedAsync(NodeProcess edge, string room, string text)
    {
        var key = Guid.NewGuid().ToString();
        await Eventually.TrueAsync(
            async () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/rooms/{room}/danmaku") { Content = JsonContent.Create(new { text }) };
                request.Headers.Add("Idempotency-Key", key);
                using var response = await edge.Http.SendAsync(request);
                return response.IsSuccessStatusCode;
            },
            TimeSpan.FromSeconds(60),
            $"'{text}' is accepted in {room}");
    }
}
