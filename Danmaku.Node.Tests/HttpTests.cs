using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Danmaku.Node.Tests.Support;

namespace Danmaku.Node.Tests;

/// <summary>docs/protocol.md §9.</summary>
public sealed class HttpTests(HttpTests.Shared shared) : IClassFixture<HttpTests.Shared>, IDisposable
{
    private const string Path = "/api/rooms/lobby/danmaku";

    private readonly TestNode _node = shared.Node;

    public void Dispose() => _node.AssertNoErrors();

    [Fact]
    public async Task A_post_is_answered_with_its_position()
    {
        using var response = await PostAsync("""{"text":"hi"}""", "/api/rooms/quiet/danmaku");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        var reply = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(1, reply.GetProperty("position").GetProperty("offset").GetInt64());
        Assert.True(reply.GetProperty("position").GetProperty("epoch").GetInt64() > 0);
        Assert.True(reply.GetProperty("durable").GetBoolean());
    }

    public static TheoryData<string, string?> BadBodies => new()
    {
        { """{"text":"  "}""", "text_empty" },
        { $$"""{"text":"{{new string('a', 101)}}"}""", "text_too_long" },
        { """{"text":"\u2800"}""", "text_empty" },
        { """{"text":"a\u001bc"}""", "text_invalid" },
        { """{"name":"Mei"}""", "field_missing" },
        { """{"text":"a","mode":"up"}""", "field_invalid" },
        { """{"text":"a","at":-1}""", "field_invalid" },
        { """{"text":"a","at":9007199254740992}""", "field_invalid" },
        { """{"text":"a","name":"\u0007"}""", "forbidden" },
        { """{"text":"a","at":"1"}""", null },
        { """{"text":5}""", null },
        { """{"text":"\ud800"}""", null },
        { """{"text":""", null },
        { "null", null },
        { "", null },
    };

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task A_bad_post_is_a_bad_request_with_its_reason(string body, string? reason)
    {
        using var response = await PostAsync(body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(reason, problem.TryGetProperty("reason", out var given) ? given.GetString() : null);
    }

    [Theory]
    [InlineData("/api/rooms/Lobby/danmaku", "k", 400)]
    [InlineData("/api/rooms/a%2Fb/danmaku", "k", 400)]
    [InlineData(Path, "a key of 128 characters at most, printable ~", 200)]
    [InlineData(Path, "", 400)]
    [InlineData(Path, "tab\there", 400)]
    public async Task Rooms_and_keys_are_checked(string path, string key, int status)
    {
        using var response = await PostAsync("""{"text":"hi"}""", path, key);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task A_key_of_more_than_128_characters_is_a_bad_request()
    {
        using var response = await PostAsync("""{"text":"hi"}""", Path, new string('k', 129));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData("83500.0")]
    [InlineData("8.35e4")]
    public async Task A_media_time_is_the_same_however_it_is_written(string at)
    {
        var (viewer, _) = await TestViewer.JoinAsync(_node.Url, "numbers");
        using var __ = viewer;

        using var response = await PostAsync($$"""{"text":"a","at":{{at}},"future":{{new string('[', 70)}}{{new string(']', 70)}}}""", "/api/rooms/numbers/danmaku");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("83500", (await viewer.HearAsync("batch")).GetProperty("comments")[0].GetProperty("at").GetRawText());
    }

    [Theory]
    [InlineData("""{"text":"a","at":"1"}""", "$.at")]
    [InlineData("""{"text":"a","at":1.5}""", "$.at")]
    [InlineData("""{"text":"a","mode":"up"}""", "'mode'")]
    [InlineData("""{"name":"a"}""", "'text'")]
    public async Task A_refusal_names_the_field_that_is_wrong(string body, string field)
    {
        using var response = await PostAsync(body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(field, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_over_the_message_limit_is_too_large()
    {
        using var response = await PostAsync($$"""{"text":"a","x":"{{new string('x', 8192)}}"}""");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Fact]
    public async Task A_body_that_is_not_JSON_is_unsupported()
    {
        using var response = await _node.Http.PostAsync(Path, new StringContent("text=hi", Encoding.UTF8, "application/x-www-form-urlencoded"));

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task An_address_that_posts_too_fast_is_told_when_to_try_again()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:Connection:HttpPostsPerSecond=1", "--Danmaku:Connection:HttpPostBurst=40");
        HttpResponseMessage response;
        do
        {
            response = await node.Http.PostAsJsonAsync(Path, new { text = "fast" });
        }
        while (response.IsSuccessStatusCode);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter!.Delta);
        Assert.Equal("rate_limited", (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("reason").GetString());
    }

    [Fact]
    public async Task A_busy_room_and_a_room_too_many_are_unavailable()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:Room:PostsPerSecond=1", "--Danmaku:Room:MaxRoomsPerOrigin=1");
        async Task<(HttpStatusCode, string?, bool)> PostAsync(string room)
        {
            using var response = await node.Http.PostAsJsonAsync($"/api/rooms/{room}/danmaku", new { text = "a" });
            var body = await response.Content.ReadFromJsonAsync<JsonElement>();
            var reason = body.TryGetProperty("reason", out var given) ? given.GetString() : null;
            return (response.StatusCode, reason, response.Headers.RetryAfter is not null);
        }

        Assert.Equal((HttpStatusCode.OK, null, false), await PostAsync("one"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "room_busy", true), await PostAsync("one"));

        // A room that nobody watches closes for another, one that somebody watches does not.
        var (viewer, _) = await TestViewer.JoinAsync(node.Url, "two");
        using var __ = viewer;
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "room_limit", true), await PostAsync("three"));
    }

    [Theory]
    [InlineData(null, 401)]
    [InlineData("Bearer wrong", 401)]
    [InlineData("Bearer secre", 401)]
    [InlineData("Basic secret", 401)]
    [InlineData("Bearer secret", 200)]
    public async Task With_a_server_key_only_clients_with_the_key_may_post(string? authorization, int status)
    {
        await using var node = await TestNode.StartAsync("--Danmaku:ServerKey=secret");
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = JsonContent.Create(new { text = "a" }) };
        request.Headers.TryAddWithoutValidation("Authorization", authorization);

        using var response = await node.Http.SendAsync(request);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task The_API_describes_itself()
    {
        var document = await _node.Http.GetFromJsonAsync<JsonElement>("/openapi/v1.json");

        Assert.Equal(
            [
                "/api/cluster", "/api/rooms/{room}/danmaku", "/api/rooms/{room}/history", "/api/rooms/{room}/history/{epoch}/{segment}",
                "/api/rooms/{room}/recalls",
            ],
            document.GetProperty("paths").EnumerateObject().Select(path => path.Name).Order());
        Assert.Equal("Danmaku", document.GetProperty("info").GetProperty("title").GetString());
        var at = document.GetProperty("components").GetProperty("schemas").GetProperty("PostBody").GetProperty("properties").GetProperty("at");
        Assert.Equal("int64", at.GetProperty("format").GetString());
        Assert.Contains("integer", at.GetProperty("type").GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_is_there_and_is_asked_for_again()
    {
        using var page = await _node.Http.GetAsync("/");
        using var again = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { IfNoneMatch = { page.Headers.ETag! } } };
        using var unchanged = await _node.Http.SendAsync(again);

        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        Assert.Equal("no-cache", page.Headers.CacheControl!.ToString());
        Assert.Contains("default-src 'self'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", page.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
    }

    [Fact]
    public async Task A_missing_resource_is_a_problem_document()
    {
        using var response = await _node.Http.GetAsync("/nothing");

        Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
    }

    private Task<HttpResponseMessage> PostAsync(string body, string path = Path, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        return _node.Http.SendAsync(request);
    }

    public sealed class Shared() : SharedNode("--Danmaku:Connection:HttpPostsPerSecond=0");
}
