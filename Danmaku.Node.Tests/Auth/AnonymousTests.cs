using System.Net;
using System.Net.Http.Json;
using Danmaku.Core.Identities;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Danmaku.Node.Tests.Auth;

/// <summary>docs/protocol.md §11, people without a token.</summary>
public sealed class AnonymousTests
{
    private const string Secret = "--Danmaku:Auth:HmacSecret=a-secret-of-more-than-thirty-two-bytes";

    private static readonly TokenSigner Signer = new TokenSigner.Hmac("a-secret-of-more-than-thirty-two-bytes");

    [Fact]
    public async Task Two_nodes_honour_the_identities_that_each_of_them_gives()
    {
        var port = Ports.Free(IPAddress.Loopback);
        await using var origin = await TestNode.StartAsync($"--Danmaku:Cluster:Port={port}", $"--Danmaku:Cluster:Seeds=127.0.0.1:{port}", "--Danmaku:NodeName=one");
        await using var edge = await TestNode.StartAsync(
            "--Danmaku:Cluster:Port=0", $"--Danmaku:Cluster:Seeds=127.0.0.1:{port}", "--Danmaku:NodeName=two", "--Danmaku:Roles=edge");
        foreach (var node in new[] { origin, edge })
        {
            await Eventually.TrueAsync(() => node.Services.GetRequiredService<DeploymentKeyHandle>().Key is not null, TimeSpan.FromSeconds(20), "it has the key");
        }

        var ofOrigin = await JoinAsync(origin, null);
        var ofEdge = await JoinAsync(edge, null);

        Assert.All([ofOrigin, ofEdge], kept => Assert.StartsWith("a1.", kept, StringComparison.Ordinal));
        Assert.NotEqual(ofOrigin, ofEdge);
        Assert.Equal((null, null), (await JoinAsync(origin, ofEdge), await JoinAsync(edge, ofOrigin)));
        Assert.Equal((null, null), (await JoinAsync(origin, ofOrigin), await JoinAsync(edge, ofEdge)));
    }

    [Theory]
    [InlineData("a1.arE7gAABAgMEBQYHCAkKC9ULmMsvsQkNhHcr8cptGfI")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.")]
    [InlineData("")]
    [InlineData("\u0000")]
    public async Task What_another_deployment_has_given_counts_for_nothing(string kept)
    {
        await using var node = await TestNode.StartAsync();
        await Eventually.TrueAsync(() => node.Services.GetRequiredService<DeploymentKeyHandle>().Key is not null, TimeSpan.FromSeconds(20), "it has the key");

        Assert.StartsWith("a1.", await JoinAsync(node, kept), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_may_only_watch_is_told_to_sign_in_to_post()
    {
        await using var node = await TestNode.StartAsync(Secret, "--Danmaku:Auth:Anonymous=watch", "--Danmaku:ServerKey=the-key");
        var (viewer, _) = await TestViewer.JoinAsync(node.Url, "lobby");
        using var plain = await RawClient.UpgradeAsync(node.Url, "/ws/lobby");
        var (alice, _) = await TestViewer.JoinAsync(node.Url, "lobby", new { type = "join", token = Signer.Sign() });
        using var __ = viewer;
        using var ___ = alice;

        await viewer.PostAsync("hi");
        var reject = await viewer.HearAsync("reject");
        await plain.SendTextAsync("hi");
        using var http = await node.Http.PostAsJsonAsync("/api/rooms/lobby/danmaku", new { text = "hi" });
        await alice.PostAsync("from alice");

        Assert.Equal(("forbidden", "Sign in to post."), (reject.GetProperty("reason").GetString(), reject.GetProperty("message").GetString()));
        Assert.False(reject.TryGetProperty("retryAfter", out var _));
        Assert.Equal((1008, "not posted: forbidden. Sign in to post."), await plain.ReadCloseAsync());
        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer"), (http.StatusCode, $"{http.Headers.WwwAuthenticate}"));
        Assert.Equal("from alice", (await viewer.WatchAsync(1)).Single().Text);
        Assert.Equal(1, await node.MetricAsync("danmaku_closes_total", "code=\"1008\""));
        Assert.Equal(3, await node.MetricAsync("danmaku_refusals_total", "reason=\"forbidden\""));
    }

    [Fact]
    public async Task Where_nobody_is_anonymous_only_who_has_a_token_comes_in()
    {
        await using var node = await TestNode.StartAsync(Secret, "--Danmaku:Auth:Anonymous=none");
        using var viewer = await TestViewer.JsonAsync(node.Url, "/ws/lobby");
        using var plain = await RawClient.UpgradeAsync(node.Url, "/ws/lobby");

        await viewer.SayAsync(new { type = "join" });
        using var http = await node.Http.PostAsJsonAsync("/api/rooms/lobby/danmaku", new { text = "hi" });
        var (alice, welcome) = await TestViewer.JoinAsync(node.Url, "lobby", new { type = "join", token = Signer.Sign() });

        alice.Dispose();
        Assert.Equal((4003, "not admitted: sign in"), await viewer.ClosedAsync());
        Assert.Equal((4003, "not admitted: sign in"), await plain.ReadCloseAsync());
        Assert.Equal(HttpStatusCode.Unauthorized, http.StatusCode);
        Assert.Equal("Alice", welcome.GetProperty("name").GetString());
    }

    /// <summary>As before there were tokens.</summary>
    [Theory]
    [InlineData("Bearer whatever")]
    [InlineData("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.")]
    [InlineData("Basic YTpi")]
    public async Task Without_keys_what_somebody_shows_counts_for_nothing(string authorization)
    {
        await using var node = await TestNode.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/rooms/lobby/danmaku") { Content = JsonContent.Create(new { text = "hi" }) };
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var posted = await node.Http.SendAsync(request);
        var (viewer, welcome) = await TestViewer.JoinAsync(node.Url, "lobby", new { type = "join", token = authorization, name = "Mei" });

        viewer.Dispose();
        Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
        Assert.Equal("Mei", welcome.GetProperty("name").GetString());
    }

    /// <returns>What the server gives to keep.</returns>
    private static async Task<string?> JoinAsync(TestNode node, string? identity)
    {
        var (viewer, welcome) = await TestViewer.JoinAsync(node.Url, "lobby", new { type = "join", identity });
        viewer.Dispose();
        return welcome.TryGetProperty("identity", out var kept) ? kept.GetString() : null;
    }
}
