using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Danmaku.HttpCache.Storage;
using Danmaku.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Danmaku.HttpCache.Tests;

/// <summary>Parts of what is not stored whole: docs/decisions/0025.</summary>
public sealed class SliceTests : IDisposable
{
    private const int Slice = 10_000;
    private const int Size = 95_000;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly byte[] Old = Bytes(1);
    private static readonly byte[] New = Bytes(2);

    private readonly string _folder = Directory.CreateTempSubdirectory("danmaku-slices-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static HttpCacheOptions Small(HttpCacheOptions options) => options with { MaxEntryBytes = 30_000, SliceBytes = Slice, MemoryBytes = 10_000_000 };

    private static byte[] Bytes(int seed)
    {
        var bytes = new byte[Size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Cut(byte[] body, int first, int? length = null) => body[first..(length is null ? body.Length : first + length.Value)];

    /// <summary>A server of files, as they are.</summary>
    private static Task<FakeOrigin> FilesAsync(Func<HttpContext, (byte[] Body, string? Tag)> file, string control = "max-age=60") =>
        FakeOrigin.StartAsync((context, _) => SendAsync(context, file(context), control));

    private static Task SendAsync(HttpContext context, (byte[] Body, string? Tag) file, string control = "max-age=60")
    {
        context.Response.Headers.CacheControl = control;
        return Results.Bytes(file.Body, "video/mp4", enableRangeProcessing: true, entityTag: file.Tag is null ? null : new EntityTagHeaderValue(file.Tag))
            .ExecuteAsync(context);
    }

    private static async Task<(HttpResponseMessage Head, byte[] Body)> GetAsync(TestEdge edge, string range = "", string path = "/video", string ifRange = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (range.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Range", range);
        }

        if (ifRange.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("If-Range", ifRange);
        }

        var response = await edge.Http.SendAsync(request).WaitAsync(Deadline);
        return (response, await response.Content.ReadAsByteArrayAsync());
    }

    private static string[] Ranges(FakeOrigin origin) => [.. origin.Requests.Select(request => request.Headers.Range.ToString())];

    private static string Cache(HttpResponseMessage head) => head.Headers.GetValues("X-Cache").Single().Split(' ')[0];

    [Theory]
    [InlineData("bytes=0-1", "bytes 0-1/95000", 0, 2, "bytes=0-9999")]
    [InlineData("bytes=12345-12399", "bytes 12345-12399/95000", 12345, 55, "bytes=10000-19999")]
    [InlineData("bytes=94990-", "bytes 94990-94999/95000", 94990, 10, "bytes=90000-99999")]
    [InlineData("bytes=9990-10009", "bytes 9990-10009/95000", 9990, 20, "bytes=0-9999,bytes=10000-19999")]
    public async Task A_part_of_a_large_body_is_that_part_and_the_next_one_of_its_slice_is_a_hit(
        string range, string contentRange, int first, int length, string asked)
    {
        await using var origin = await FilesAsync(_ => (Old, "\"1\""));
        await using var edge = await TestEdge.StartAsync(origin, Small);

        var (miss, missed) = await GetAsync(edge, range);
        var (hit, same) = await GetAsync(edge, range);

        Assert.Equal((HttpStatusCode.PartialContent, contentRange, "MISS"), (miss.StatusCode, miss.Content.Headers.ContentRange!.ToString(), Cache(miss)));
        Assert.Equal((HttpStatusCode.PartialContent, contentRange, "HIT"), (hit.StatusCode, hit.Content.Headers.ContentRange!.ToString(), Cache(hit)));
        Assert.Equal(Cut(Old, first, length), missed);
        Assert.Equal(missed, same);
        Assert.Equal(asked.Split(','), Ranges(origin));
    }

    [Fact]
    public async Task All_of_a_large_body_comes_by_slices_each_asked_for_once()
    {
        await using var origin = await FilesAsync(_ => (Old, "\"1\""));
        await using var edge = await TestEdge.StartAsync(origin, Small);

        var (first, body) = await GetAsync(edge);
        var (again, same) = await GetAsync(edge);

        Assert.Equal((HttpStatusCode.OK, Size, "MISS"), (first.StatusCode, first.Content.Headers.ContentLength, Cache(first)));
        Assert.Equal((HttpStatusCode.OK, Size, "HIT"), (again.StatusCode, again.Content.Headers.ContentLength, Cache(again)));
        Assert.Equal(Old, body);
        Assert.Equal(Old, same);
        Assert.Equal(["", .. Enumerable.Range(0, 10).Select(i => $"bytes={i * Slice}-{((i + 1) * Slice) - 1}")], Ranges(origin));
    }

    [Fact]
    public async Task Stored_slices_are_not_requested_again()
    {
        await using var origin = await FilesAsync(_ => (Old, "\"1\""));
        await using var edge = await TestEdge.StartAsync(origin, Small);
        await GetAsync(edge, "bytes=0-1");
        await GetAsync(edge, "bytes=50000-50001");

        var (partial, body) = await GetAsync(edge, "bytes=45000-65000");

        Assert.Equal(Cut(Old, 45000, 20001), body);
        Assert.StartsWith("edge-1; fwd=partial; ttl=", partial.Headers.GetValues("Cache-Status").Single(), StringComparison.Ordinal);
        Assert.Equal(["bytes=0-9999", "bytes=50000-59999", "bytes=40000-49999", "bytes=60000-69999"], Ranges(origin));
    }

    [Fact]
    public async Task Many_readers_of_one_part_are_one_request()
    {
        var release = new TaskCompletionSource();
        await using var origin = await FakeOrigin.StartAsync(async (context, _) =>
        {
            await release.Task;
            await SendAsync(context, (Old, "\"1\""));
        });
        await using var edge = await TestEdge.StartAsync(origin, Small);

        var readers = Enumerable.Range(0, 100).Select(i => GetAsync(edge, $"bytes={20000 + i}-{20099 + i}")).ToArray();
        await Eventually.TrueAsync(() => origin.Requests.Count == 1);
        release.SetResult();
        var answers = await Task.WhenAll(readers);

        Assert.All(answers.Select((answer, i) => (answer.Body, i)), reader => Assert.Equal(Cut(Old, 20000 + reader.i, 100), reader.Body));
        Assert.Equal(["bytes=20000-29999"], Ranges(origin));
    }

    [Fact]
    public async Task Slices_of_a_changed_body_are_not_combined_with_old_ones()
    {
        var file = (Old, "\"1\"");
        await using var origin = await FilesAsync(_ => file);
        await using var edge = await TestEdge.StartAsync(origin, Small);
        await GetAsync(edge, "bytes=0-1");

        file = (New, "\"2\"");
        var (_, late) = await GetAsync(edge, "bytes=50000-50099");
        var (head, whole) = await GetAsync(edge);

        Assert.Equal(Cut(New, 50000, 100), late);
        Assert.Equal(New, whole);
        Assert.Equal("\"2\"", head.Headers.ETag!.Tag);
    }

    [Fact]
    public async Task An_answer_whose_body_changes_ends_there()
    {
        var changed = false;
        await using var origin = await FilesAsync(context =>
        {
            changed |= context.Request.Headers.Range == "bytes=30000-39999";
            return changed ? (New, "\"2\"") : (Old, "\"1\"");
        });
        await using var edge = await TestEdge.StartAsync(origin, Small);

        var received = new MemoryStream();
        using (var torn = await edge.Http.GetAsync("/video", HttpCompletionOption.ResponseHeadersRead))
        {
            await Assert.ThrowsAnyAsync<Exception>(async () => await (await torn.Content.ReadAsStreamAsync()).CopyToAsync(received));
        }

        Assert.True(received.Length <= 30_000);
        Assert.Equal(Cut(Old, 0, (int)received.Length), received.ToArray());
        Assert.Equal(New, (await GetAsync(edge)).Body);
    }

    [Theory]
    [InlineData("\"1\"", HttpStatusCode.PartialContent, 2)]
    [InlineData("\"0\"", HttpStatusCode.OK, Size)]
    public async Task If_range_is_answered_for_what_is_in_slices_warm_and_cold(string condition, HttpStatusCode status, int length)
    {
        await using var origin = await FilesAsync(_ => (Old, "\"1\""));
        await using var edge = await TestEdge.StartAsync(origin, Small);

        var (cold, coldBody) = await GetAsync(edge, "bytes=0-1", ifRange: condition);
        var (warm, warmBody) = await GetAsync(edge, "bytes=0-1", ifRange: condition);

        Assert.Equal((status, status), (cold.StatusCode, warm.StatusCode));
        Assert.Equal(Cut(Old, 0, length), coldBody);
        Assert.Equal(Cut(Old, 0, length), warmBody);
    }

    [Fact]
    public async Task Head_of_a_large_body_asks_for_no_more_than_a_slice()
    {
        await using var origin = await FilesAsync(_ => (Old, "\"1\""));
        await using var edge = await TestEdge.StartAsync(origin, Small);

        var miss = await edge.SendAsync("HEAD", "/video", []);
        var hit = await edge.SendAsync("HEAD", "/video", []);

        Assert.Equal((200, "95000", "bytes", "MISS"), (miss.Status, miss["Content-Length"], miss["Accept-Ranges"], miss.Cache));
        Assert.Equal((200, "95000", "bytes", "HIT"), (hit.Status, hit["Content-Length"], hit["Accept-Ranges"], hit.Cache));
        Assert.Equal(["bytes=0-9999"], Ranges(origin));
    }

    [Fact]
    public async Task A_seek_does_not_wait_for_the_front()
    {
        var release = new TaskCompletionSource();
        await using var origin = await FakeOrigin.StartAsync(async (context, _) =>
        {
            if (context.Request.Headers.Range.Count > 0)
            {
                await SendAsync(context, (Old, "\"1\""));
                return;
            }

            context.Response.Headers.CacheControl = "max-age=60";
            context.Response.Headers.ETag = "\"1\"";
            context.Response.ContentLength = Size;
            await context.Response.Body.WriteAsync(Old.AsMemory(0, 1000));
            await context.Response.Body.FlushAsync();
            await release.Task;
            await context.Response.Body.WriteAsync(Old.AsMemory(1000));
        });
        await using var edge = await TestEdge.StartAsync(origin, options => Small(options) with { MaxEntryBytes = 1_000_000 });
        using var front = await edge.Http.GetAsync("/video", HttpCompletionOption.ResponseHeadersRead).WaitAsync(Deadline);

        var (seek, end) = await GetAsync(edge, "bytes=94000-");
        release.SetResult();

        Assert.Equal(HttpStatusCode.PartialContent, seek.StatusCode);
        Assert.Equal(Cut(Old, 94000), end);
        Assert.Equal(Old, await front.Content.ReadAsByteArrayAsync());
        Assert.Equal(["", "bytes=90000-99999"], Ranges(origin));
        await Eventually.TrueAsync(async () => (await edge.GetAsync("/video"))["X-Cache-Lookup"] == "memory");
        Assert.Equal(2, origin.Requests.Count);
    }

    [Theory]
    [InlineData("bytes=-2", "bytes 8-9/10", "89")]
    [InlineData("bytes=7-", "bytes 7-9/10", "789")]
    [InlineData("bytes=7-99", "bytes 7-9/10", "789")]
    [InlineData("bytes=2-4", "bytes 2-4/*", "234")]
    public async Task The_first_range_of_a_body_of_unknown_length_is_sent_as_soon_as_it_has_arrived(string range, string contentRange, string body)
    {
        var release = new TaskCompletionSource();
        await using var origin = await FakeOrigin.StartAsync(async (context, _) =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            await context.Response.WriteAsync("01234");
            await context.Response.Body.FlushAsync();
            await release.Task;
            await context.Response.WriteAsync("56789");
        });
        await using var edge = await TestEdge.StartAsync(origin, Small);

        var first = edge.GetAsync("/a", ("Range", range));
        if (contentRange[^1] != '*')
        {
            await Eventually.TrueAsync(() => origin.Requests.Count == 1);
            release.SetResult();
        }

        var answer = await first.WaitAsync(Deadline);
        release.TrySetResult();

        Assert.Equal((206, body, contentRange, "MISS"), (answer.Status, answer.Body, answer["Content-Range"], answer.Cache));
        Assert.Single(origin.Requests);
    }

    [Fact]
    public async Task Parts_are_cut_here_if_the_origin_sends_none()
    {
        await using var origin = await FakeOrigin.StartAsync((context, _) =>
        {
            context.Response.Headers.CacheControl = "max-age=60";
            context.Response.ContentLength = Size;
            return context.Response.Body.WriteAsync(Old).AsTask();
        });
        await using var edge = await TestEdge.StartAsync(origin, Small);

        var (first, one) = await GetAsync(edge, "bytes=50000-50009");
        var (second, two) = await GetAsync(edge, "bytes=-10");

        Assert.Equal((HttpStatusCode.PartialContent, "bytes 50000-50009/95000"), (first.StatusCode, first.Content.Headers.ContentRange!.ToString()));
        Assert.Equal((HttpStatusCode.PartialContent, "bytes 94990-94999/95000"), (second.StatusCode, second.Content.Headers.ContentRange!.ToString()));
        Assert.Equal(Cut(Old, 50000, 10), one);
        Assert.Equal(Cut(Old, 94990), two);
    }

    [Fact]
    public async Task Without_a_strong_validator_a_part_is_kept_as_it_is_and_for_the_same_range_alone()
    {
        await using var origin = await FilesAsync(_ => (Old, null));
        await using var edge = await TestEdge.StartAsync(origin, Small);

        var (miss, one) = await GetAsync(edge, "bytes=100-199");
        var (hit, same) = await GetAsync(edge, "bytes=100-199");
        var (other, two) = await GetAsync(edge, "bytes=100-200");

        Assert.Equal(("MISS", "HIT", "MISS"), (Cache(miss), Cache(hit), Cache(other)));
        Assert.Equal("bytes 100-199/95000", hit.Content.Headers.ContentRange!.ToString());
        Assert.Equal(Cut(Old, 100, 100), one);
        Assert.Equal(Cut(Old, 100, 100), same);
        Assert.Equal(Cut(Old, 100, 101), two);
        Assert.Equal(["bytes=0-9999", "bytes=100-199", "bytes=100-200"], Ranges(origin));
    }

    [Fact]
    public async Task Without_a_strong_validator_a_part_that_is_too_large_passes_through()
    {
        await using var origin = await FilesAsync(_ => (Old, null));
        await using var edge = await TestEdge.StartAsync(origin, Small);

        for (var round = 0; round < 3; round++)
        {
            var (head, body) = await GetAsync(edge, "bytes=0-");

            Assert.Equal((HttpStatusCode.PartialContent, "MISS", "bytes 0-94999/95000"), (head.StatusCode, Cache(head), head.Content.Headers.ContentRange!.ToString()));
            Assert.Equal(Old, body);
        }

        Assert.Equal(0, edge.Service<CacheStore>().Count);
    }

    [Fact]
    public async Task Responses_that_may_not_be_stored_are_forwarded_with_the_clients_own_range()
    {
        await using var origin = await FilesAsync(context => (Old, "\"1\""), "no-store");
        await using var edge = await TestEdge.StartAsync(origin, Small);

        var (first, one) = await GetAsync(edge, "bytes=15000-15009");
        var (second, two) = await GetAsync(edge, "bytes=15000-15009");

        Assert.Equal(("MISS", "MISS"), (Cache(first), Cache(second)));
        Assert.Equal(Cut(Old, 15000, 10), one);
        Assert.Equal(one, two);
        Assert.Equal("bytes=15000-15009", Ranges(origin)[^1]);
        Assert.Equal(0, edge.Service<CacheStore>().Count);
    }

    [Theory]
    [InlineData("bytes=95000-")]
    [InlineData("bytes=99999-")]
    [InlineData("bytes=9223372036854775807-")]
    public async Task A_range_beyond_the_end_is_not_satisfiable_warm_and_cold(string range)
    {
        await using var origin = await FilesAsync(_ => (Old, "\"1\""));
        await using var edge = await TestEdge.StartAsync(origin, Small);

        var (cold, _) = await GetAsync(edge, range);
        await GetAsync(edge, "bytes=0-1");
        var (warm, _) = await GetAsync(edge, range);

        Assert.Equal((HttpStatusCode.RequestedRangeNotSatisfiable, "bytes */95000"), (cold.StatusCode, cold.Content.Headers.ContentRange!.ToString()));
        Assert.Equal((HttpStatusCode.RequestedRangeNotSatisfiable, "bytes */95000"), (warm.StatusCode, warm.Content.Headers.ContentRange!.ToString()));
    }

    [Fact]
    public async Task A_small_body_is_whole_after_its_first_part()
    {
        await using var origin = await FilesAsync(_ => (Old[..5000], "\"1\""));
        await using var edge = await TestEdge.StartAsync(origin, Small);

        await GetAsync(edge, "bytes=0-1");
        var (hit, body) = await GetAsync(edge);

        Assert.Equal((HttpStatusCode.OK, "HIT"), (hit.StatusCode, Cache(hit)));
        Assert.Equal(Old[..5000], body);
        Assert.Single(origin.Requests);
    }

    [Fact]
    public async Task An_empty_body_has_a_head_and_no_parts()
    {
        await using var origin = await FilesAsync(_ => ([], "\"1\""));
        await using var edge = await TestEdge.StartAsync(origin, Small);

        var head = await edge.SendAsync("HEAD", "/video", []);

        Assert.Equal((200, "0"), (head.Status, head["Content-Length"]));
    }

    [Fact]
    public async Task A_stale_body_is_validated_once_and_its_slices_stay()
    {
        await using var origin = await FilesAsync(_ => (Old, "\"1\""));
        await using var edge = await TestEdge.StartAsync(origin, Small);
        await GetAsync(edge, "bytes=0-1");
        await GetAsync(edge, "bytes=30000-30001");

        edge.Time.Advance(TimeSpan.FromSeconds(61));
        var (validated, _) = await GetAsync(edge, "bytes=2-3");
        var (hit, body) = await GetAsync(edge, "bytes=30002-30003");

        Assert.Equal(("REVALIDATED", "HIT"), (Cache(validated), Cache(hit)));
        Assert.Equal(Cut(Old, 30002, 2), body);
        Assert.Equal("\"1\"", origin.Requests[^1].Headers.IfNoneMatch.ToString());
        Assert.Equal(3, origin.Requests.Count);
    }

    [Fact]
    public async Task Slices_are_purged_with_their_body()
    {
        var file = (Old, "\"1\"");
        await using var origin = await FakeOrigin.StartAsync((context, _) =>
        {
            context.Response.Headers["Cache-Tag"] = "videos";
            return SendAsync(context, file);
        });
        await using var edge = await TestEdge.StartAsync(origin, Small);
        var purge = edge.Service<ICachePurge>();

        await GetAsync(edge);
        Assert.Equal(1, purge.PurgeUrl("/video"));
        Assert.Equal(0, edge.Service<CacheStore>().Count);

        await GetAsync(edge);
        Assert.Equal(1, purge.PurgeTag("videos"));
        Assert.Equal(0, edge.Service<CacheStore>().Count);
        Assert.Equal(22, origin.Requests.Count);
    }

    [Fact]
    public async Task A_restart_keeps_slices()
    {
        await using var origin = await FilesAsync(_ => (Old, "\"1\""), "max-age=600");
        HttpCacheOptions OnDisk(HttpCacheOptions options) => Small(options) with { DiskBytes = 10_000_000, Directory = _folder };
        await using (var before = await TestEdge.StartAsync(origin, OnDisk))
        {
            await GetAsync(before, "bytes=20000-20001");
            await Eventually.TrueAsync(() => before.Service<CacheStore>().Count == 2);
            await before.Service<DiskTier>().FlushAsync();
        }

        // Another form than that of whole responses, for which an earlier release would take them.
        Assert.All(Directory.GetFiles(_folder, "*.head"), head => Assert.StartsWith("danmaku-cache-2\n", File.ReadAllText(head, Encoding.Latin1), StringComparison.Ordinal));
        await using var edge = await TestEdge.StartAsync(origin, OnDisk);
        await edge.Service<DiskTier>().FlushAsync();
        var (hit, body) = await GetAsync(edge, "bytes=20000-29999");

        Assert.Equal(("HIT", "disk"), (Cache(hit), hit.Headers.GetValues("X-Cache-Lookup").Single()));
        Assert.Equal(Cut(Old, 20000, 10000), body);
        Assert.Single(origin.Requests);
    }

    [Fact]
    public async Task A_body_many_times_as_large_as_memory_comes_through_whole_for_several_at_once()
    {
        var body = Enumerable.Range(0, 40).SelectMany(i => Bytes(i)).ToArray();
        await using var origin = await FilesAsync(_ => (body, "\"1\""));
        await using var edge = await TestEdge.StartAsync(origin, options => options with { MemoryBytes = 500_000, MaxEntryBytes = 100_000, SliceBytes = 50_000 });
        var expected = SHA256.HashData(body);

        var readers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => GetAsync(edge)));

        Assert.All(readers, reader => Assert.Equal(expected, SHA256.HashData(reader.Body)));
        Assert.InRange(edge.Service<CacheStore>().MemoryBytes, 1, 500_000);
    }

    [Fact]
    public async Task Only_if_cached_never_fetches_a_slice()
    {
        await using var origin = await FilesAsync(_ => (Old, "\"1\""));
        await using var edge = await TestEdge.StartAsync(origin, Small);
        await GetAsync(edge, "bytes=0-1");

        var here = await edge.GetAsync("/video", ("Range", "bytes=0-9999"), ("Cache-Control", "only-if-cached"));
        var missing = await edge.GetAsync("/video", ("Range", "bytes=9999-10000"), ("Cache-Control", "only-if-cached"));

        Assert.Equal((206, 504), (here.Status, missing.Status));
        Assert.Single(origin.Requests);
    }

    [Fact]
    public async Task Variants_have_slices_of_their_own()
    {
        await using var origin = await FakeOrigin.StartAsync((context, _) =>
        {
            context.Response.Headers.Vary = "Accept-Language";
            return SendAsync(context, context.Request.Headers.AcceptLanguage == "de" ? (Old, "\"de\"") : (New, "\"en\""));
        });
        await using var edge = await TestEdge.StartAsync(origin, Small);

        for (var round = 0; round < 2; round++)
        {
            foreach (var (language, body) in new[] { ("de", Old), ("en", New) })
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/video");
                request.Headers.TryAddWithoutValidation("Range", "bytes=5000-25000");
                request.Headers.TryAddWithoutValidation("Accept-Language", language);
                using var response = await edge.Http.SendAsync(request);
                Assert.Equal(Cut(body, 5000, 20001), await response.Content.ReadAsByteArrayAsync());
                Assert.Equal(round == 0 ? "MISS" : "HIT", Cache(response));
            }
        }

        Assert.Equal(6, origin.Requests.Count);
    }

    /// <summary>Asks for random parts of a body that changes: every byte belongs to the body whose tag was sent.</summary>
    [Fact]
    public async Task Concurrent_parts_belong_to_the_body_of_their_tag()
    {
        var version = 0;
        byte[][] bodies = [Old, New];
        await using var origin = await FilesAsync(_ => (bodies[Volatile.Read(ref version) % 2], string.Create(CultureInfo.InvariantCulture, $"\"{Volatile.Read(ref version) % 2}\"")));
        await using var edge = await TestEdge.StartAsync(origin, Small);

        for (var round = 0; round < 20; round++)
        {
            var random = new Random(round);
            var parts = Enumerable.Range(0, 20).Select(_ => (First: random.Next(Size), Length: random.Next(1, 30_000))).ToArray();
            var readers = parts.Select(part => edge.Http.SendAsync(Part(part.First, part.First + part.Length - 1))).ToArray();
            Interlocked.Increment(ref version);
            foreach (var (reader, part) in readers.Zip(parts))
            {
                try
                {
                    using var response = await reader.WaitAsync(Deadline);
                    var body = await response.Content.ReadAsByteArrayAsync();
                    var expected = bodies[response.Headers.ETag!.Tag[1] - '0'];
                    Assert.Equal(Cut(expected, part.First, Math.Min(part.Length, Size - part.First)), body);
                }
                catch (HttpRequestException)
                {
                    // It has changed in the middle.
                }
            }
        }

        static HttpRequestMessage Part(int first, int last)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, "/video");
            request.Headers.TryAddWithoutValidation("Range", $"bytes={first}-{last}");
            return request;
        }
    }
}
