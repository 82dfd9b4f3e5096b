using System.Globalization;
using Danmaku.HttpCache.Storage;
using Danmaku.Testing;
using Microsoft.AspNetCore.Http;

namespace Danmaku.HttpCache.Tests;

/// <summary>What a client of a cache sees, and what reaches the origin. docs/cdn.md.</summary>
public sealed class CacheTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task The_first_answer_is_a_miss_and_the_next_a_hit_and_both_say_so()
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=60"), ("X-Powered-By", "test"));
        await using var edge = await TestEdge.StartAsync(origin);

        var miss = await edge.GetAsync("/a");
        edge.Time.Advance(TimeSpan.FromSeconds(10));
        var hit = await edge.GetAsync("/a");

        Assert.Equal(("MISS from edge-1", "upstream", "1.1 edge-1", ""), (miss["X-Cache"], miss["X-Cache-Lookup"], miss["Via"], miss["Age"]));
        Assert.Matches("^edge-1; fwd=uri-miss; ttl=(59|60); stored$", miss["Cache-Status"]);
        Assert.Equal(("HIT from edge-1", "memory", "1.1 edge-1"), (hit["X-Cache"], hit["X-Cache-Lookup"], hit["Via"]));
        Assert.Matches("^edge-1; hit; ttl=(48|49|50)$", hit["Cache-Status"]);
        Assert.InRange(int.Parse(hit["Age"], CultureInfo.InvariantCulture), 10, 12);
        Assert.Equal((miss["Date"], "test", "body"), (hit["Date"], hit["X-Powered-By"], hit.Body));
        Assert.Single(origin.Requests);
    }

    [Fact]
    public async Task Head_is_answered_like_get_and_fills_the_cache()
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=60"));
        await using var edge = await TestEdge.StartAsync(origin);

        var head = await edge.SendAsync("HEAD", "/a", []);
        var again = await edge.SendAsync("HEAD", "/a", []);
        var get = await edge.GetAsync("/a");

        Assert.Equal(("MISS", "HIT", "HIT"), (head.Cache, again.Cache, get.Cache));
        Assert.Equal(("", "", "body", "4"), (head.Body, again.Body, get.Body, again["Content-Length"]));
        Assert.Single(origin.Requests);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(100_000, false)]
    [InlineData(256 * 1024, false)]
    [InlineData((256 * 1024) + 1, true)]
    [InlineData((256 * 1024) + 1, false)]
    [InlineData(10_000_000, true)]
    [InlineData(10_000_000, false)]
    public async Task A_hit_has_every_byte_of_a_body_of_any_length(int length, bool isLengthKnown)
    {
        var body = new byte[length];
        new Random(length).NextBytes(body);
        await using var origin = await FakeOrigin.StartAsync(async (context, _) =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            context.Response.ContentLength = isLengthKnown ? length : null;
            await context.Response.Body.WriteAsync(body);
        });
        await using var edge = await TestEdge.StartAsync(origin);

        foreach (var cache in (string[])["MISS", "HIT", "HIT"])
        {
            using var answer = await edge.Http.GetAsync(new Uri(edge.Url, "/a"));

            Assert.Equal($"{cache} from edge-1", answer.Headers.GetValues("X-Cache").Single());
            Assert.Equal(body, await answer.Content.ReadAsByteArrayAsync());
        }

        var head = await edge.SendAsync("HEAD", "/a", []);
        Assert.Equal(("HIT", $"{length}"), (head.Cache, head["Content-Length"]));
        Assert.Single(origin.Requests);
    }

    [Fact]
    public async Task A_stale_response_is_validated_and_used_again()
    {
        await using var origin = await FakeOrigin.StartAsync((context, _) =>
        {
            context.Response.Headers.ETag = "\"1\"";
            context.Response.Headers.CacheControl = "max-age=10";
            context.Response.StatusCode = context.Request.Headers.IfNoneMatch == "\"1\"" ? 304 : 200;
            return context.Response.StatusCode == 304 ? Task.CompletedTask : context.Response.WriteAsync("body");
        });
        await using var edge = await TestEdge.StartAsync(origin);
        await edge.GetAsync("/a");

        edge.Time.Advance(TimeSpan.FromSeconds(11));
        var revalidated = await edge.GetAsync("/a");
        var hit = await edge.GetAsync("/a");
        var known = await edge.GetAsync("/a", ("If-None-Match", "W/\"1\""));

        Assert.Equal(("REVALIDATED from edge-1", "body"), (revalidated["X-Cache"], revalidated.Body));
        Assert.Contains("fwd=stale; fwd-status=304", revalidated["Cache-Status"], StringComparison.Ordinal);
        Assert.Equal(("HIT", 304, ""), (hit.Cache, known.Status, known.Body));
        Assert.Equal(2, origin.Requests.Count);
    }

    [Fact]
    public async Task A_stale_response_is_served_during_validation_if_the_origin_allows_it()
    {
        await using var origin = await FakeOrigin.StartAsync((context, number) =>
        {
            context.Response.Headers.CacheControl = "max-age=10, stale-while-revalidate=60";
            return context.Response.WriteAsync($"body {number}");
        });
        await using var edge = await TestEdge.StartAsync(origin);
        await edge.GetAsync("/a");
        edge.Time.Advance(TimeSpan.FromSeconds(11));

        var stale = await edge.GetAsync("/a");

        Assert.Equal(("STALE", "body 1"), (stale.Cache, stale.Body));
        await Eventually.TrueAsync(async () => await edge.GetAsync("/a") is { Cache: "HIT", Body: "body 2" });
        Assert.Equal(2, origin.Requests.Count);
    }

    [Fact]
    public async Task A_request_at_the_end_of_a_validation_does_not_begin_another()
    {
        const int Rounds = 200;
        await using var origin = await FakeOrigin.StartAsync((context, number) =>
        {
            context.Response.Headers.CacheControl = "max-age=10, stale-while-revalidate=60";
            return context.Response.WriteAsync($"body {number}");
        });
        await using var edge = await TestEdge.StartAsync(origin);
        await edge.GetAsync("/a");

        for (var round = 2; round <= Rounds; round++)
        {
            edge.Time.Advance(TimeSpan.FromSeconds(11));
            Answer answer;
            do
            {
                var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => edge.GetAsync("/a")));
                answer = answers[^1];
            }
            while (answer.Cache == "STALE");

            Assert.Equal(("HIT", $"body {round}"), (answer.Cache, answer.Body));
        }

        Assert.Equal(Rounds, origin.Requests.Count);
    }

    [Fact]
    public async Task A_stale_response_replaces_an_unreachable_origin_only_inside_its_window()
    {
        var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=10, stale-if-error=60"));
        await using var edge = await TestEdge.StartAsync(origin);
        await edge.GetAsync("/a");
        await origin.DisposeAsync();

        edge.Time.Advance(TimeSpan.FromSeconds(40));
        var inside = await edge.GetAsync("/a");
        edge.Time.Advance(TimeSpan.FromSeconds(40));
        var after = await edge.GetAsync("/a");

        Assert.Equal((200, "STALE", "body"), (inside.Status, inside.Cache, inside.Body));
        Assert.Contains("detail=origin-unreachable", inside["Cache-Status"], StringComparison.Ordinal);
        Assert.Equal((504, "no-store"), (after.Status, after["Cache-Control"]));
    }

    [Fact]
    public async Task A_thousand_requests_for_an_uncached_resource_are_one_for_the_origin()
    {
        const int Size = 5_000_000;
        var body = new byte[Size];
        new Random(1).NextBytes(body);
        var release = new TaskCompletionSource();
        await using var origin = await FakeOrigin.StartAsync(async (context, _) =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            context.Response.ContentLength = Size;
            await context.Response.Body.WriteAsync(body.AsMemory(0, Size / 2));
            await context.Response.Body.FlushAsync();
            await release.Task;
            await context.Response.Body.WriteAsync(body.AsMemory(Size / 2));
        });
        await using var edge = await TestEdge.StartAsync(origin);
        using var handler = new SocketsHttpHandler { MaxConnectionsPerServer = int.MaxValue };
        using var http = new HttpClient(handler) { BaseAddress = edge.Url };

        // The one that began the fetch hangs up in the middle of the body.
        using (var first = await http.GetAsync("/video", HttpCompletionOption.ResponseHeadersRead))
        {
            await (await first.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[100_000]);
        }

        var others = Enumerable.Range(0, 1000).Select(_ => http.GetAsync("/video", HttpCompletionOption.ResponseHeadersRead)).ToArray();
        var answers = await Task.WhenAll(others).WaitAsync(Deadline);
        release.SetResult();
        var expected = System.Security.Cryptography.SHA256.HashData(body);
        foreach (var group in answers.Chunk(20))
        {
            await Task.WhenAll(group.Select(async answer =>
            {
                using (answer)
                {
                    Assert.Equal(expected, await System.Security.Cryptography.SHA256.HashDataAsync(await answer.Content.ReadAsStreamAsync()));
                }
            })).WaitAsync(Deadline);
        }

        Assert.Single(origin.Requests);
        Assert.All(answers, answer => Assert.Contains("collapsed", answer.Headers.GetValues("Cache-Status").Single(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Unshareable_responses_are_fetched_in_parallel()
    {
        const int Many = 20;
        var together = new CountdownEvent(Many);
        var all = new TaskCompletionSource();
        await using var origin = await FakeOrigin.StartAsync(async (context, number) =>
        {
            context.Response.Headers.CacheControl = "no-store";
            if (number > 1 && together.Signal())
            {
                all.SetResult();
            }

            if (number > 1)
            {
                await all.Task.WaitAsync(Deadline);
            }

            await context.Response.WriteAsync($"for {number}");
        });
        await using var edge = await TestEdge.StartAsync(origin);
        await edge.GetAsync("/mine");

        // Each is answered only when all have reached the origin.
        var answers = await Task.WhenAll(Enumerable.Range(0, Many).Select(_ => edge.GetAsync("/mine")));

        Assert.Equal(Many, answers.Select(answer => answer.Body).Distinct().Count());
        Assert.All(answers, answer => Assert.Equal("MISS", answer.Cache));
    }

    [Fact]
    public async Task A_waiting_request_never_gets_an_unshareable_answer_of_another()
    {
        var release = new TaskCompletionSource();
        await using var origin = await FakeOrigin.StartAsync(async (context, number) =>
        {
            if (number == 1)
            {
                await release.Task;
            }

            context.Response.Headers.CacheControl = "private, max-age=60";
            await context.Response.WriteAsync($"for {context.Request.Headers.Cookie}");
        });
        await using var edge = await TestEdge.StartAsync(origin);

        var one = edge.GetAsync("/me", ("Cookie", "one"));
        await Eventually.TrueAsync(() => origin.Requests.Count == 1);
        var two = edge.GetAsync("/me", ("Cookie", "two"));
        release.SetResult();

        Assert.Equal(("for one", "for two"), ((await one).Body, (await two).Body));
    }

    [Fact]
    public async Task A_truncated_body_is_neither_sent_as_complete_nor_stored()
    {
        var headIsHere = new TaskCompletionSource();
        await using var origin = await FakeOrigin.StartAsync(async (context, number) =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            context.Response.ContentLength = 10;
            await context.Response.WriteAsync(number == 1 ? "01234" : "0123456789");
            if (number == 1)
            {
                await context.Response.Body.FlushAsync();
                await headIsHere.Task.WaitAsync(Deadline);
                context.Abort();
            }
        });
        await using var edge = await TestEdge.StartAsync(origin);

        using (var torn = await edge.Http.GetAsync("/a", HttpCompletionOption.ResponseHeadersRead))
        {
            headIsHere.SetResult();
            await Assert.ThrowsAnyAsync<Exception>(() => torn.Content.ReadAsStringAsync());
        }

        var whole = await edge.GetAsync("/a");

        Assert.Equal(("MISS", "0123456789"), (whole.Cache, whole.Body));
    }

    [Theory]
    [InlineData("bytes=2-4", 206, "234", "bytes 2-4/10")]
    [InlineData("bytes=-3", 206, "789", "bytes 7-9/10")]
    [InlineData("bytes=9-99", 206, "9", "bytes 9-9/10")]
    [InlineData("bytes=10-", 416, "", "bytes */10")]
    [InlineData("bytes=1-2,4-5", 200, "0123456789", "")]
    public async Task Parts_are_cut_from_the_whole(string range, int status, string body, string contentRange)
    {
        await using var origin = await FakeOrigin.StartAsync("0123456789", ("Cache-Control", "max-age=60"), ("Content-Length", "10"));
        await using var edge = await TestEdge.StartAsync(origin);

        var cold = await edge.GetAsync("/video", ("Range", range));
        var warm = await edge.GetAsync("/video", ("Range", range));

        Assert.Equal((status, body, contentRange, "MISS"), (cold.Status, cold.Body, cold["Content-Range"], cold.Cache));
        Assert.Equal((status, body, contentRange, "HIT"), (warm.Status, warm.Body, warm["Content-Range"], warm.Cache));
        Assert.Single(origin.Requests);
    }

    [Fact]
    public async Task A_response_that_is_too_large_passes_through()
    {
        await using var origin = await FakeOrigin.StartAsync(async (context, _) =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            for (var i = 0; i < 40; i++)
            {
                await context.Response.WriteAsync(new string('x', 100_000));
            }
        });
        await using var edge = await TestEdge.StartAsync(origin, options => options with { MaxEntryBytes = 1_000_000, MemoryBytes = 2_000_000 });

        var answers = await Task.WhenAll(edge.GetAsync("/a"), edge.GetAsync("/a"));
        var again = await edge.GetAsync("/a");

        Assert.All(answers.Append(again), answer => Assert.Equal((4_000_000, "MISS"), (answer.Body.Length, answer.Cache)));
        Assert.Equal(0, edge.Service<CacheStore>().Count);
    }

    [Fact]
    public async Task Another_origin_is_asked_if_one_fails_but_not_for_unsafe_requests()
    {
        await using var bad = await FakeOrigin.StartAsync((context, _) =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        });
        await using var good = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=60"));
        var gone = await FakeOrigin.StartAsync("");
        var goneUrl = gone.Url;
        await gone.DisposeAsync();
        await using var edge = await TestEdge.StartAsync([goneUrl, bad.Url, good.Url]);

        var get = await edge.GetAsync("/a");
        var post = await edge.SendAsync("POST", "/b", [], "x");
        edge.Time.Advance(TimeSpan.FromSeconds(10));
        var unsafePost = await edge.SendAsync("POST", "/c", [], "x");

        Assert.Equal((200, "body"), (get.Status, get.Body));
        Assert.Equal(200, post.Status);
        Assert.Equal(504, unsafePost.Status);
        Assert.Equal(["GET /a", "POST /b"], good.Requests.Select(request => $"{request.Method} {request.Target}"));
    }

    [Fact]
    public async Task A_request_that_comes_back_is_a_loop()
    {
        await using var origin = await FakeOrigin.StartAsync("");
        await using var edge = await TestEdge.StartAsync(origin);

        var answer = await edge.GetAsync("/a", ("Via", "1.1 other, 1.1 edge-1"));

        Assert.Equal((508, "edge-1; detail=loop"), (answer.Status, answer["Cache-Status"]));
        Assert.Empty(origin.Requests);
    }

    [Fact]
    public async Task Each_hop_has_its_own_connection_and_adds_itself_to_Via()
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=60"), ("Keep-Alive", "timeout=9"), ("Via", "1.1 inner"));
        await using var edge = await TestEdge.StartAsync(origin);

        var answer = await edge.GetAsync("/a", ("Connection", "x-secret"), ("X-Secret", "1"), ("TE", "trailers"), ("Via", "1.0 outer"), ("X-Forwarded-For", "203.0.113.9"));

        var request = Assert.Single(origin.Requests);
        Assert.Equal(("1.0 outer, 1.1 edge-1", "127.0.0.1", "http"), ($"{request.Headers.Via}", $"{request.Headers["X-Forwarded-For"]}", $"{request.Headers["X-Forwarded-Proto"]}"));
        Assert.False(request.Headers.ContainsKey("X-Secret") || request.Headers.ContainsKey("TE"));
        Assert.Equal(("1.1 inner, 1.1 edge-1", ""), (answer["Via"], answer["Keep-Alive"]));
    }

    [Theory]
    [InlineData("POST", 200, "MISS")]
    [InlineData("DELETE", 204, "MISS")]
    [InlineData("PUT", 500, "HIT")]
    public async Task An_unsafe_request_removes_the_stored_response(string method, int status, string expected)
    {
        await using var origin = await FakeOrigin.StartAsync((context, _) =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            context.Response.StatusCode = context.Request.Method == "GET" ? 200 : status;
            return Task.CompletedTask;
        });
        await using var edge = await TestEdge.StartAsync(origin);
        await edge.GetAsync("/a?b=1");

        await edge.SendAsync(method, "/a?b=1", [], "change");

        Assert.Equal(expected, (await edge.GetAsync("/a?b=1")).Cache);
        Assert.Equal("change", origin.Requests[1].Body);
    }

    [Fact]
    public async Task Purged_by_url_or_tag_it_is_fetched_again_and_clients_see_no_tags()
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=60"), ("Cache-Tag", "room-a, page"), ("Vary", "Accept-Language"));
        await using var edge = await TestEdge.StartAsync(origin);
        var purge = edge.Service<ICachePurge>();
        var first = await edge.GetAsync("/a");
        await edge.GetAsync("/a", ("Accept-Language", "de"));
        await edge.GetAsync("/b");

        Assert.Equal("", first["Cache-Tag"]);
        Assert.Equal((0, 2), (purge.PurgeUrl("/none"), purge.PurgeUrl("http://edge.example/x/../a")));
        Assert.Equal("MISS", (await edge.GetAsync("/a")).Cache);
        Assert.Equal((0, 2, 0), (purge.PurgeTag("room-b"), purge.PurgeTag("room-a"), purge.PurgeTag("room-a")));
        Assert.Equal("MISS", (await edge.GetAsync("/b")).Cache);
    }

    [Theory]
    [InlineData("http://edge.example", "/")]
    [InlineData("https://edge.example:8443", "/")]
    [InlineData("http://edge.example?x=1", "/?x=1")]
    public async Task A_url_without_a_path_is_that_of_the_root(string url, string target)
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=60"));
        await using var edge = await TestEdge.StartAsync(origin);
        await edge.GetAsync(target);

        Assert.Equal(1, edge.Service<ICachePurge>().PurgeUrl(url));
        Assert.Equal("MISS", (await edge.GetAsync(target)).Cache);
    }

    [Theory]
    [InlineData("max-age=60", 60)]
    [InlineData("must-revalidate, max-age=0", 0)]
    [InlineData("public, s-maxage=60", null)]
    [InlineData("no-cache, max-age=60", null)]
    public async Task Clients_that_know_no_max_age_are_told_when_it_expires(string control, int? seconds)
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", control), ("ETag", "\"1\""));
        await using var edge = await TestEdge.StartAsync(origin);

        foreach (var answer in new[] { await edge.GetAsync("/a"), await edge.GetAsync("/a"), await edge.GetAsync("/a", ("If-None-Match", "\"1\"")) })
        {
            var expected = seconds is { } lifetime ? DateTimeOffset.Parse(answer["Date"], CultureInfo.InvariantCulture).AddSeconds(lifetime).ToString("r") : "";
            Assert.Equal((control, expected), (answer["Cache-Control"], answer["Expires"]));
        }
    }

    [Fact]
    public async Task The_origins_Expires_stays()
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=60"), ("Expires", "0"));
        await using var edge = await TestEdge.StartAsync(origin);

        Assert.Equal(("0", "0"), ((await edge.GetAsync("/a"))["Expires"], (await edge.GetAsync("/a"))["Expires"]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_response_purged_while_it_arrives_is_not_stored(bool byTag)
    {
        var release = new TaskCompletionSource();
        await using var origin = await FakeOrigin.StartAsync(async (context, _) =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            context.Response.Headers["Cache-Tag"] = "room-a";
            await context.Response.Body.FlushAsync();
            await release.Task;
            await context.Response.WriteAsync("body");
        });
        await using var edge = await TestEdge.StartAsync(origin);
        var under = edge.GetAsync("/a");
        await Eventually.TrueAsync(() => origin.Requests.Count == 1);

        var purge = edge.Service<ICachePurge>();
        _ = byTag ? purge.PurgeTag("room-a") : purge.PurgeUrl("/a");
        release.SetResult();

        Assert.Equal("body", (await under).Body);
        Assert.Equal("MISS", (await edge.GetAsync("/a")).Cache);
        Assert.Equal("HIT", (await edge.GetAsync("/a")).Cache);
    }

    [Fact]
    public async Task Variants_are_kept_apart_and_encodings_are_three()
    {
        await using var origin = await FakeOrigin.StartAsync((context, _) =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            context.Response.Headers.Vary = "Accept-Encoding";
            return context.Response.WriteAsync($"[{context.Request.Headers.AcceptEncoding}]");
        });
        await using var edge = await TestEdge.StartAsync(origin);

        var gzip = await edge.GetAsync("/a", ("Accept-Encoding", "gzip, deflate"));
        var same = await edge.GetAsync("/a", ("Accept-Encoding", "deflate;q=0.9, gzip;q=0.5, zstd"));
        var br = await edge.GetAsync("/a", ("Accept-Encoding", "gzip, br"));
        var none = await edge.GetAsync("/a");

        Assert.Equal(("[gzip]", "[gzip]", "[br]", "[]"), (gzip.Body, same.Body, br.Body, none.Body));
        Assert.Equal(("MISS", "HIT", "MISS", "MISS"), (gzip.Cache, same.Cache, br.Cache, none.Cache));
        Assert.Contains("fwd=vary-miss", br["Cache-Status"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-cache", "MISS")]
    [InlineData("max-age=0", "MISS")]
    [InlineData("max-age=30", "HIT")]
    [InlineData("no-store", "MISS")]
    [InlineData("only-if-cached", "HIT")]
    public async Task Requests_may_ask_for_more_than_a_fresh_response(string control, string expected)
    {
        await using var origin = await FakeOrigin.StartAsync("body", ("Cache-Control", "max-age=60"));
        await using var edge = await TestEdge.StartAsync(origin);
        await edge.GetAsync("/a");

        Assert.Equal(expected, (await edge.GetAsync("/a", ("Cache-Control", control))).Cache);
        Assert.Equal(504, (await edge.GetAsync("/b", ("Cache-Control", "only-if-cached"))).Status);
    }
}
