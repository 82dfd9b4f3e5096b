using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Node.History;
using Danmaku.Node.Rooms;
using Danmaku.Node.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Danmaku.Node.Tests;

/// <summary>docs/history.md as an origin answers, and <c>POST /api/purge</c> on a single node.</summary>
public sealed class HistoryTests : IAsyncLifetime, IAsyncDisposable
{
    private const string Index = "/api/rooms/lobby/history";

    /// <summary>A multiple of six minutes.</summary>
    private const long Start = 1_790_000_280_000;

    private static readonly RoomId Lobby = RoomId.Parse("lobby");

    private readonly AwayStore _store = new();
    private TestNode _node = null!;
    private long _offset;

    public async Task InitializeAsync()
    {
        _node = await StartAsync("--Danmaku:OperatorKey=operator");
        await _store.Kept.OpenAsync(Lobby, new OpenRequest(0, 1, 0, 0, 0), default);
    }

    public async Task DisposeAsync()
    {
        await _node.DisposeAsync();
        await _store.DisposeAsync();
    }

    async ValueTask IAsyncDisposable.DisposeAsync() => await DisposeAsync();

    [Fact]
    public async Task An_index_names_segments_that_hold_everything_once()
    {
        await SayAsync(3, Start);
        await SayAsync(2, Start + 359_999);
        await SayAsync(1200, Start + 360_000);

        var index = await _node.Http.GetFromJsonAsync<JsonElement>(Index);

        var epoch = Assert.Single(index.GetProperty("epochs").EnumerateArray());
        Assert.Equal(1, epoch.GetProperty("epoch").GetInt64());
        var segments = epoch.GetProperty("segments").EnumerateArray().ToList();
        Assert.Equal(
            [$"{Index}/1/1.5-0", $"{Index}/1/6.1000-0", $"{Index}/1/1001-0"], segments.Select(segment => segment.GetProperty("url").GetString()));
        Assert.Equal([true, true, false], segments.Select(segment => segment.GetProperty("sealed").GetBoolean()));
        Assert.Equal(Start + 359_999, segments[0].GetProperty("to").GetInt64());
        Assert.Equal(1205, index.GetProperty("head").GetProperty("offset").GetInt64());
        Assert.Equal(Enumerable.Range(1, 1205).Select(offset => $"text {offset}"), await ReadAllAsync(index));
    }

    [Fact]
    public async Task A_sealed_segment_may_be_kept_for_ever_and_an_open_one_hardly()
    {
        await SayAsync(5, Start);
        using var open = await _node.Http.GetAsync($"{Index}/1/1-0");
        await SayAsync(1, Start + 360_000);

        using var closed = await _node.Http.GetAsync($"{Index}/1/1.5-0");
        using var still = await _node.Http.GetAsync($"{Index}/1/1-0");
        using var index = await _node.Http.GetAsync(Index);

        Assert.Equal("public, max-age=31536000, immutable", Caching(closed));
        Assert.All([open, still, index], response => Assert.Equal("public, max-age=2, stale-while-revalidate=10, stale-if-error=60", Caching(response)));
        Assert.All([open, still, index, closed], response =>
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.False(response.Headers.ETag!.IsWeak);
            Assert.Equal("Accept-Encoding", string.Join(", ", response.Headers.Vary));
            Assert.Equal("room/lobby", Assert.Single(response.Headers.GetValues("Cache-Tag")));
            Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        });
        Assert.False((await open.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("sealed").GetBoolean());
        Assert.True((await still.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("sealed").GetBoolean());
        Assert.Equal(await still.Content.ReadAsStringAsync(), await closed.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("gzip, deflate, br, zstd", "br")]
    [InlineData("gzip;q=0.9, zstd", "gzip")]
    [InlineData("zstd", null)]
    public async Task A_segment_travels_in_one_of_three_codings_with_a_tag_of_its_own(string accept, string? coding)
    {
        await SayAsync(1001, Start);
        using var plain = await GetAsync($"{Index}/1/1.1000-0", "identity");

        using var first = await GetAsync($"{Index}/1/1.1000-0", accept);
        using var second = await GetAsync($"{Index}/1/1.1000-0", accept);
        using var known = await GetAsync($"{Index}/1/1.1000-0", accept, first.Headers.ETag!.Tag);
        using var otherCoding = await GetAsync($"{Index}/1/1.1000-0", accept, plain.Headers.ETag!.Tag);

        var packed = await first.Content.ReadAsByteArrayAsync();
        Assert.Equal(coding, first.Content.Headers.ContentEncoding.SingleOrDefault());
        Assert.Equal(await plain.Content.ReadAsByteArrayAsync(), Unpack(packed, coding));
        Assert.Equal(first.Headers.ETag, second.Headers.ETag);
        Assert.Equal(packed, await second.Content.ReadAsByteArrayAsync());
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        Assert.Equal((Caching(first), first.Headers.ETag), (Caching(known), known.Headers.ETag));
        Assert.Equal(coding is null ? HttpStatusCode.NotModified : HttpStatusCode.OK, otherCoding.StatusCode);
    }

    [Fact]
    public async Task A_head_request_gets_the_headers_alone()
    {
        await SayAsync(1001, Start);

        using var response = await _node.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"{Index}/1/1.1000-0"));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("immutable", Caching(response), StringComparison.Ordinal);
        Assert.Equal(Start / 1000, response.Content.Headers.LastModified!.Value.ToUnixTimeSeconds());
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("/api/rooms/nowhere/history")]
    [InlineData("/api/rooms/Lobby/history")]
    [InlineData(Index + "?before=x")]
    [InlineData(Index + "?before=1.01")]
    [InlineData(Index + "/1/1.1000-1")]
    [InlineData(Index + "/1/1.999-0")]
    [InlineData(Index + "/1/2.1000-0")]
    [InlineData(Index + "/1/01.1000-0")]
    [InlineData(Index + "/01/1.1000-0")]
    [InlineData(Index + "/2/1.1000-0")]
    [InlineData(Index + "/1/1001.1001-0")]
    [InlineData(Index + "/1/1002-0")]
    [InlineData(Index + "/1/2001-0")]
    [InlineData(Index + "/1/1001-1")]
    [InlineData(Index + "/1/latest")]
    public async Task A_404_is_not_cached(string path)
    {
        await SayAsync(1001, Start);

        using var response = await _node.Http.GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("no-store", Caching(response));
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task A_new_epoch_seals_what_was_open()
    {
        await SayAsync(3, Start);
        await _store.Kept.OpenAsync(Lobby, new OpenRequest(0, 7, 0, 0, 0), default);

        var index = await _node.Http.GetFromJsonAsync<JsonElement>(Index);

        Assert.Equal([$"{Index}/1/1.3-0"], Urls(index));
    }

    [Fact]
    public async Task A_partly_deleted_segment_is_not_found()
    {
        await SayAsync(1500, Start);
        await SayAsync(500, Start + 360_000);
        await _node.Http.GetAsync(Index);
        while (await _store.Kept.TrimAsync(new Retention(1200, TimeSpan.FromDays(36500)) { MinAge = TimeSpan.Zero }, Start, default))
        {
        }

        var index = await _node.Http.GetFromJsonAsync<JsonElement>(Index);

        using var gone = await _node.Http.GetAsync($"{Index}/1/1.1000-0");
        Assert.Equal([$"{Index}/1/1001.1500-0", $"{Index}/1/1501.2000-0"], Urls(index));
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task A_long_history_is_named_in_pages()
    {
        for (var i = 0; i < 2500; i++)
        {
            await SayAsync(1, Start + 360_000L * i);
        }

        var index = await _node.Http.GetFromJsonAsync<JsonElement>(Index);
        var earlier = await _node.Http.GetFromJsonAsync<JsonElement>(index.GetProperty("earlier").GetString());

        Assert.False(earlier.TryGetProperty("earlier", out _));
        Assert.Equal((2000, 500), (Urls(index).Count, Urls(earlier).Count));
        Assert.Equal(2500, Urls(earlier).Concat(Urls(index)).Distinct().Count());
    }

    [Fact]
    public async Task A_long_log_is_read_in_several_requests_and_no_part_of_it_passes_for_the_whole()
    {
        await SayAsync(5000, Start);
        var history = new RoomHistory(_store, maxPages: 2);

        await Assert.ThrowsAsync<TimeoutException>(() => history.IndexAsync(Lobby, default));
        await Assert.ThrowsAsync<TimeoutException>(() => history.IndexAsync(Lobby, default));
        var index = await history.IndexAsync(Lobby, default);

        Assert.Equal([1, 1001, 2001, 3001, 4001], index!.Segments.Select(segment => segment.First.Offset));
    }

    [Fact]
    public async Task While_the_store_is_away_clients_are_told_to_try_again()
    {
        await SayAsync(1001, Start);
        _store.IsAway = true;

        using var index = await _node.Http.GetAsync(Index);
        using var segment = await _node.Http.GetAsync($"{Index}/1/1.1000-0");

        Assert.All([index, segment], response =>
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter!.Delta);
            Assert.Equal("no-store", Caching(response));
        });
    }

    [Fact]
    public async Task A_purged_room_has_its_segments_under_new_addresses_and_none_under_the_old()
    {
        await using var node = await StartAsync("--Danmaku:Roles=origin,edge", "--Danmaku:OperatorKey=operator");
        await SayAsync(1001, Start);
        using var before = await node.Http.GetAsync($"{Index}/1/1.1000-0");
        var oldTag = before.Headers.ETag!.Tag;

        using var purged = await PurgeAsync("""{"room":"lobby"}""", node: node);

        Assert.Equal(HttpStatusCode.OK, purged.StatusCode);
        var reply = await purged.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(1, reply.GetProperty("revision").GetInt64());
        Assert.Equal("test", Assert.Single(reply.GetProperty("purged").EnumerateArray()).GetProperty("name").GetString());
        Assert.Empty(reply.GetProperty("missing").EnumerateArray());
        Assert.Equal([$"{Index}/1/1.1000-1", $"{Index}/1/1001-1"], Urls(await node.Http.GetFromJsonAsync<JsonElement>(Index)));
        using var old = await GetAsync($"{Index}/1/1.1000-0", "identity", oldTag, node);
        Assert.Equal((HttpStatusCode.NotFound, "no-store"), (old.StatusCode, Caching(old)));
        Assert.Equal(HttpStatusCode.OK, (await node.Http.GetAsync($"{Index}/1/1.1000-1")).StatusCode);
    }

    [Theory]
    [InlineData("""{"url":"/api/rooms/lobby/history"}""", 200)]
    [InlineData("""{"url":"https://example.org/video.mp4?v=1"}""", 200)]
    [InlineData("""{"room":"nowhere"}""", 200)]
    [InlineData("""{"url":"/a","room":"lobby"}""", 400)]
    [InlineData("""{"url":"ftp://example.org/"}""", 400)]
    [InlineData("""{"url":"a b"}""", 400)]
    [InlineData("""{"url":""}""", 400)]
    [InlineData("""{"room":"A room"}""", 400)]
    [InlineData("{}", 400)]
    [InlineData("null", 400)]
    [InlineData("""{"room":""", 400)]
    [InlineData("""{"room":5}""", 400)]
    public async Task An_order_names_one_thing(string body, int status)
    {
        using var response = await PurgeAsync(body);

        Assert.Equal((status, "no-store"), ((int)response.StatusCode, Caching(response)));
    }

    [Fact]
    public async Task An_order_over_the_message_limit_is_too_large()
    {
        using var response = await PurgeAsync($$"""{"url":"/{{new string('x', 9000)}}"}""");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer operato")]
    [InlineData("Bearer operator2")]
    [InlineData("Bearer ")]
    [InlineData("Basic operator")]
    public async Task Without_the_key_nothing_is_purged(string? authorization)
    {
        await SayAsync(1001, Start);

        using var response = await PurgeAsync("""{"room":"lobby"}""", authorization);
        using var malformed = await PurgeAsync("{", authorization);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().ToString());
        Assert.Equal(HttpStatusCode.Unauthorized, malformed.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _node.Http.GetAsync($"{Index}/1/1.1000-0")).StatusCode);
    }

    [Fact]
    public async Task At_most_two_requests_for_history_read_the_store_at_a_time()
    {
        await SayAsync(1001, Start);
        var history = _node.Services.GetRequiredService<RoomHistory>();
        _store.HoldReads();

        var asked = Task.WhenAll(Enumerable.Range(0, 30).Select(_ => history.IndexAsync(Lobby, default)));

        Assert.Equal(2, _store.Reading);
        _store.ReleaseReads();
        Assert.All(await asked.WaitAsync(TimeSpan.FromSeconds(10)), index => Assert.Equal(1001, index!.Head.Offset));
    }

    [Fact]
    public async Task Without_a_configured_key_nobody_may_purge()
    {
        await using var node = await StartAsync();

        using var response = await PurgeAsync("""{"room":"lobby"}""", "Bearer ", node);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    private Task<TestNode> StartAsync(params string[] settings) => TestNode.StartAsync(
        (services, read) => RoomsRegistration.AddRooms(services, read, _ => Task.FromResult<IRoomStore>(_store)),
        ["--Danmaku:Roles=origin", "--Danmaku:Store:MaxAge=3650.00:00:00", .. settings]);

    private async Task SayAsync(int count, long time)
    {
        for (; count > 0; count -= 512)
        {
            var comments = Enumerable.Range(0, Math.Min(count, 512)).Select(_ => ++_offset)
                .Select(offset => (new PostId((UInt128)offset), new Comment(offset, time, "Mei", $"text {offset}", CommentStyle.Default, null)));
            Assert.Equal([true], await _store.Kept.AppendAsync([new RoomAppend(Lobby, 1, [.. comments])], default));
        }
    }

    private async Task<IReadOnlyList<string?>> ReadAllAsync(JsonElement index)
    {
        var texts = new List<string?>();
        foreach (var url in Urls(index))
        {
            var segment = await _node.Http.GetFromJsonAsync<JsonElement>(url);
            texts.AddRange(segment.GetProperty("comments").EnumerateArray().Select(comment => comment.GetProperty("text").GetString()));
        }

        return texts;
    }

    private async Task<HttpResponseMessage> GetAsync(string path, string accept, string? tag = null, TestNode? node = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", accept);
        request.Headers.TryAddWithoutValidation("If-None-Match", tag);
        return await (node ?? _node).Http.SendAsync(request);
    }

    private async Task<HttpResponseMessage> PurgeAsync(string body, string? authorization = "Bearer operator", TestNode? node = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/purge");
        request.Content = new StringContent(body, MediaTypeHeaderValue.Parse("application/json"));
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        return await (node ?? _node).Operators.SendAsync(request);
    }

    private static List<string?> Urls(JsonElement index) =>
    [
        .. index.GetProperty("epochs").EnumerateArray().SelectMany(epoch => epoch.GetProperty("segments").EnumerateArray())
            .Select(segment => segment.GetProperty("url").GetString()),
    ];

    private static string? Caching(HttpResponseMessage response) => response.Headers.GetValues("Cache-Control").Single();

    private static byte[] Unpack(byte[] bytes, string? coding)
    {
        using var packed = new MemoryStream(bytes);
        using Stream stream = coding switch
        {
            "br" => new BrotliStream(packed, CompressionMode.Decompress),
            "gzip" => new GZipStream(packed, CompressionMode.Decompress),
            _ => packed,
        };
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }

    /// <summary>A store in memory that can be away, or slow to read.</summary>
    private sealed class AwayStore : IRoomStore
    {
        private volatile TaskCompletionSource? _hold;
        private int _reading;

        public MemoryRoomStore Kept { get; } = new(new Random(1));

        public bool IsAway { get; set; }

        /// <summary>How many reads go on.</summary>
        public int Reading => Volatile.Read(ref _reading);

        public StoreIdentity Identity => Kept.Identity;

        public int Lanes => Kept.Lanes;

        public Task<RoomOpening> OpenAsync(RoomId room, OpenRequest request, CancellationToken cancellation) =>
            Call(Kept.OpenAsync(room, request, cancellation));

        public Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<RoomAppend> appends, CancellationToken cancellation) =>
            Call(Kept.AppendAsync(appends, cancellation));

        public Task<IReadOnlyList<Batch>?> ReadAsync(RoomId room, Position after, int maxComments, int maxBytes, CancellationToken cancellation) =>
            ReadAsync(Kept.ReadAsync(room, after, maxComments, maxBytes, cancellation));

        public Task<RoomExtent?> ExtentAsync(RoomId room, CancellationToken cancellation) => ReadAsync(Kept.ExtentAsync(room, cancellation));

        public Task<long?> ReviseAsync(RoomId room, Position from, Position through, CancellationToken cancellation) =>
            Call(Kept.ReviseAsync(room, from, through, cancellation));

        public Task<ReadOnlyMemory<byte>> SecretAsync(string name, CancellationToken cancellation) => Call(Kept.SecretAsync(name, cancellation));

        public Task<StoreClock> ReadClockAsync(CancellationToken cancellation) => Call(Kept.ReadClockAsync(cancellation));

        public Task<bool> TrimAsync(Retention retention, long now, CancellationToken cancellation) =>
            Call(Kept.TrimAsync(retention, now, cancellation));

        public ValueTask DisposeAsync() => Kept.DisposeAsync();

        /// <summary>From now on reads wait until <see cref="ReleaseReads"/>.</summary>
        public void HoldReads() => _hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void ReleaseReads()
        {
            var hold = _hold;
            _hold = null;
            hold?.SetResult();
        }

        private async Task<T> ReadAsync<T>(Task<T> call)
        {
            Interlocked.Increment(ref _reading);
            await (_hold?.Task ?? Task.CompletedTask);
            Interlocked.Decrement(ref _reading);
            return await Call(call);
        }

        private Task<T> Call<T>(Task<T> call) => IsAway ? Task.FromException<T>(new IOException("The store is away.")) : call;
    }
}
