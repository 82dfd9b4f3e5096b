using System.Text;
using Danmaku.HttpCache.Storage;
using Danmaku.Node.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Danmaku.HttpCache.Tests;

/// <summary>Nothing that another user gets can be chosen by an attacker.</summary>
public sealed class HostileHttpTests
{
    /// <summary>An origin that trusts whatever it is told, as many do.</summary>
    private static Task<FakeOrigin> GullibleAsync() => FakeOrigin.StartAsync((context, _) =>
    {
        context.Response.Headers.CacheControl = "max-age=60";
        var told = context.Request.Headers.Where(header => header.Key.StartsWith('X') || header.Key is "Host" or "Forwarded")
            .Select(header => header.Value.ToString());
        return context.Response.WriteAsync(string.Join(' ', told));
    });

    [Theory]
    [InlineData("X-Forwarded-Host")]
    [InlineData("X_Forwarded_Host")]
    [InlineData("X-Forwarded-For")]
    [InlineData("X-Forwarded-Proto")]
    [InlineData("X-Forwarded-Port")]
    [InlineData("X-Forwarded-Prefix")]
    [InlineData("X-Forwarded-Path")]
    [InlineData("X-Forwarded-Server")]
    [InlineData("X-Forwarded-Uri")]
    [InlineData("X-Forwarded-Something-New")]
    [InlineData("X-Original-Host")]
    [InlineData("X-Original-Uri")]
    [InlineData("X-Rewrite-Uri")]
    [InlineData("X-HTTP-Method")]
    [InlineData("X_HTTP_METHOD_OVERRIDE")]
    [InlineData("X-Method-Override")]
    [InlineData("X-HTTP-Host-Override")]
    [InlineData("X-Scheme")]
    [InlineData("X-Script-Name")]
    [InlineData("X-Real-IP")]
    [InlineData("X-Forwarded-Scheme")]
    [InlineData("X-Original-URL")]
    [InlineData("X-Rewrite-URL")]
    [InlineData("X-HTTP-Method-Override")]
    [InlineData("X-Host")]
    [InlineData("Forwarded")]
    [InlineData("Host")]
    public async Task A_header_that_is_not_in_the_key_does_not_reach_the_origin(string name)
    {
        await using var origin = await GullibleAsync();
        await using var edge = await TestEdge.StartAsync(origin);

        var attack = await edge.GetAsync("/a", (name, "evil.example"));
        var victim = await edge.GetAsync("/a");

        Assert.DoesNotContain("evil", attack.Body, StringComparison.Ordinal);
        Assert.Equal(("HIT", attack.Body), (victim.Cache, victim.Body));
    }

    [Fact]
    public async Task With_several_sites_each_host_has_its_own_responses()
    {
        await using var origin = await GullibleAsync();
        await using var edge = await TestEdge.StartAsync(origin, options => options with { ForwardHost = true });

        var attack = await edge.GetAsync("/a", ("Host", "evil.example"));
        var victim = await edge.GetAsync("/a", ("Host", "good.example"));

        Assert.Contains("evil.example", attack.Body, StringComparison.Ordinal);
        Assert.Contains("good.example", victim.Body, StringComparison.Ordinal);
        Assert.Equal("MISS", victim.Cache);
    }

    [Theory]
    [InlineData("xn--", 200)]
    [InlineData("..", 400)]
    [InlineData("example:99999", 400)]
    [InlineData("xn--fiqs8s.example:8080", 200)]
    public async Task With_several_sites_the_origin_gets_the_host_unchanged_or_not_at_all(string host, int status)
    {
        await using var origin = await GullibleAsync();
        await using var edge = await TestEdge.StartAsync(origin, options => options with { ForwardHost = true });
        using var client = await RawClient.ConnectAsync(edge.Url);

        await client.SendBytesAsync(Encoding.ASCII.GetBytes($"GET /a HTTP/1.1\r\nHost: {host}\r\n\r\n"));

        Assert.Equal(status, await client.ReadHeadAsync());
        Assert.All(origin.Requests, request => Assert.Equal(host, request.Headers.Host.ToString()));
        Assert.Equal(status == 200 ? 1 : 0, origin.Requests.Count);
    }

    [Fact]
    public async Task A_request_for_a_tunnel_does_not_reach_the_origin()
    {
        await using var origin = await GullibleAsync();
        await using var edge = await TestEdge.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(edge.Url);

        await client.SendBytesAsync("CONNECT /a HTTP/1.1\r\nHost: test\r\n\r\n"u8.ToArray());

        Assert.Equal(405, await client.ReadHeadAsync());
        Assert.Empty(origin.Requests);
    }

    [Theory]
    [InlineData("/a%2fb", "/a/b")]
    [InlineData("/a%2Fb", "/a%252Fb")]
    [InlineData("/a?x=1&y=2", "/a?y=2&x=1")]
    [InlineData("/a?x", "/a?x=")]
    [InlineData("/a", "/a/")]
    [InlineData("/a", "/A")]
    [InlineData("/a;b", "/a")]
    [InlineData("/a?", "/a")]
    [InlineData("//a", "/a")]
    public async Task Targets_that_an_origin_may_distinguish_are_different(string one, string other)
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=60"));
        await using var edge = await TestEdge.StartAsync(origin);

        await edge.GetAsync(one);
        var second = await edge.GetAsync(other);

        Assert.Equal("MISS", second.Cache);
        Assert.Equal(2, origin.Requests.Select(request => request.Target).Distinct().Count());
    }

    [Theory]
    [InlineData("/x/../a")]
    [InlineData("/x/%2e%2E/a")]
    [InlineData("/./a")]
    [InlineData("/%61")]
    [InlineData("http://test/a")]
    public async Task Equivalent_targets_are_one_and_the_origin_gets_that_form(string other)
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=60"));
        await using var edge = await TestEdge.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(edge.Url);

        // A library would tidy it up.
        Assert.Equal(200, await client.RequestAsync(other, []));

        Assert.Equal("HIT", (await edge.GetAsync("/a")).Cache);
        Assert.Equal("/a", Assert.Single(origin.Requests).Target);
    }

    [Theory]
    [InlineData("/a%0d%0aX-Evil:%201")]
    [InlineData("/a%00")]
    [InlineData("/a%zz")]
    [InlineData("/a\\..\\b")]
    [InlineData("http://evil.example/a")]
    public async Task An_invalid_target_is_refused(string target)
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=60"));
        await using var edge = await TestEdge.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(edge.Url);

        Assert.Equal(400, await client.RequestAsync(target, []));
        Assert.Empty(origin.Requests);
    }

    /// <summary>Whatever they mean (RFC 9110 §5.5): cookies come in GBK, too.</summary>
    [Fact]
    public async Task Field_values_go_through_byte_for_byte_in_both_directions()
    {
        var bytes = string.Concat(Enumerable.Range(0x80, 0x80).Select(value => (char)value));
        await using var origin = await FakeOrigin.StartAsync("body", ("X-Name", bytes), ("Cache-Control", "max-age=60"));
        await using var edge = await TestEdge.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(edge.Url);
        var request = Encoding.Latin1.GetBytes($"GET /a HTTP/1.1\r\nHost: test\r\nCookie: a={bytes}\r\n\r\n");

        foreach (var cache in new[] { "MISS", "HIT" })
        {
            await client.SendBytesAsync(request);
            Assert.Equal((200, bytes, cache + " from edge-1"), (await client.ReadHeadAsync(), client.Headers["x-name"], client.Headers["x-cache"]));
            await client.ReadBodyAsync();
        }

        Assert.Equal($"a={bytes}", Assert.Single(origin.Requests).Headers.Cookie.ToString());
    }

    [Fact]
    public async Task A_broken_upload_is_the_client_s_fault_and_not_the_origin_s()
    {
        await using var origin = await FakeOrigin.StartAsync("body");
        await using var edge = await TestEdge.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(edge.Url);

        await client.SendBytesAsync("POST /a HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nffffffffffffffffff\r\n"u8.ToArray());

        Assert.Equal(400, await client.ReadHeadAsync());
        Assert.Equal(0, edge.Failures);
    }

    [Theory]
    [InlineData("Content-Length: 6", "Transfer-Encoding: chunked", "0\r\n\r\nG")]
    [InlineData("Transfer-Encoding: chunked", "Content-Length: 6", "0\r\n\r\nG")]
    [InlineData("Content-Length: 1", "Content-Length: 2", "ab")]
    [InlineData("Content-Length: 1, 2", "X: y", "ab")]
    [InlineData("Transfer-Encoding: xchunked", "X: y", "0\r\n\r\n")]
    [InlineData("Transfer-Encoding : chunked", "X: y", "0\r\n\r\n")]
    public async Task A_body_with_two_lengths_smuggles_nothing(string one, string other, string body)
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=60"));
        await using var edge = await TestEdge.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(edge.Url);

        await client.SendBytesAsync(Encoding.ASCII.GetBytes(
            $"POST /a HTTP/1.1\r\nHost: test\r\n{one}\r\n{other}\r\n\r\n{body}GET /smuggled HTTP/1.1\r\nHost: test\r\n\r\n"));

        Assert.InRange(await client.ReadHeadAsync(), 400, 501);
        Assert.Equal("close", client.Headers["connection"]);
        Assert.Empty(origin.Requests);
    }

    [Fact]
    public async Task The_body_of_a_GET_has_no_effect()
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=60"));
        await using var edge = await TestEdge.StartAsync(origin);

        await edge.SendAsync("GET", "/a", [], "evil");

        Assert.Equal("", Assert.Single(origin.Requests).Body);
    }

    [Fact]
    public async Task Variants_that_a_client_invents_push_out_only_each_other()
    {
        await using var origin = await FakeOrigin.StartAsync((context, _) =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            context.Response.Headers.Vary = context.Request.Path == "/many" ? "X-Any" : string.Join(',', Enumerable.Range(0, 100).Select(i => $"h{i}"));
            return Task.CompletedTask;
        });
        await using var edge = await TestEdge.StartAsync(origin);
        await edge.GetAsync("/other?");

        for (var i = 0; i < 3 * CacheStore.MaxVariants; i++)
        {
            await edge.GetAsync("/many", ("X-Any", $"{i}"));
        }

        await edge.GetAsync("/names");
        Assert.Equal("MISS", (await edge.GetAsync("/names")).Cache);
        Assert.True(edge.Service<CacheStore>().TryGet(new CacheKey("/many", "http"), out var variants));
        Assert.Equal(CacheStore.MaxVariants, variants.Length);
        Assert.Equal("MISS", (await edge.GetAsync("/long", ("h1", new string('x', 5000)))).Cache);
    }

    [Fact]
    public async Task TRACE_is_not_forwarded()
    {
        await using var origin = await FakeOrigin.StartAsync("");
        await using var edge = await TestEdge.StartAsync(origin);

        Assert.Equal(405, (await edge.SendAsync("TRACE", "/a", [("Cookie", "secret")])).Status);
        Assert.Empty(origin.Requests);
    }

    [Theory]
    [InlineData("PROPFIND")]
    [InlineData("PURGE")]
    [InlineData("MKCOL")]
    [InlineData("M-SEARCH")]
    public async Task A_method_that_is_not_configured_is_not_forwarded(string method)
    {
        await using var origin = await FakeOrigin.StartAsync("");
        await using var edge = await TestEdge.StartAsync(origin);
        await using var open = await TestEdge.StartAsync(origin, options => options with { Methods = [method] });
        using var client = await RawClient.ConnectAsync(edge.Url);

        Assert.Equal(405, await client.RequestAsync("/a", [], method));
        Assert.Equal("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", client.Headers["allow"]);
        Assert.Empty(origin.Requests);

        using var other = await RawClient.ConnectAsync(open.Url);
        Assert.Equal(200, await other.RequestAsync("/a", [], method));
        Assert.Equal(method, Assert.Single(origin.Requests).Method);
    }

    [Theory]
    [InlineData("TRACE")]
    [InlineData("CONNECT")]
    [InlineData("PROP FIND")]
    public void Methods_that_are_never_forwarded_cannot_be_configured(string method) =>
        Assert.Throws<ArgumentException>(() => Sample.Create(new HttpCacheOptions { Name = "edge-1", Methods = [method] }, [], "http://127.0.0.1:0"));

    [Fact]
    public async Task Any_character_of_a_target_is_passed_on_as_it_is_or_refused()
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=60"));
        await using var edge = await TestEdge.StartAsync(origin);
        var passed = new List<string>();
        for (var c = '!'; c <= '~'; c++)
        {
            using var client = await RawClient.ConnectAsync(edge.Url);
            var target = $"/{c}x?{c}y";
            var status = await client.RequestAsync(target, []);
            Assert.True(status is 200 or 400, $"{target}: {status}");
            passed.AddRange(status == 200 ? [target] : Array.Empty<string>());
        }

        Assert.True(passed.Count > 80);
        Assert.Equal(passed, origin.Requests.Select(request => request.Target));
    }

    [Fact]
    public async Task A_large_body_for_the_origin_is_refused()
    {
        await using var origin = await FakeOrigin.StartAsync("");
        await using var edge = await TestEdge.StartAsync(origin, options => options with { MaxRequestBytes = 10 });

        Assert.Equal(413, (await edge.SendAsync("POST", "/a", [], "more than ten")).Status);
        Assert.Empty(origin.Requests);
    }

    [Fact]
    public async Task A_request_with_authorization_fills_the_cache_for_nobody_else()
    {
        await using var origin = await FakeOrigin.StartAsync("secret", ("Cache-Control", "max-age=60"));
        await using var edge = await TestEdge.StartAsync(origin);

        await edge.GetAsync("/a", ("Authorization", "Bearer x"));

        Assert.Equal("MISS", (await edge.GetAsync("/a")).Cache);
    }
}
