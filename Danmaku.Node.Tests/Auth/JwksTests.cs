using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Danmaku.Node.Auth;
using Danmaku.Node.Options;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Danmaku.Node.Tests.Auth;

/// <summary>Keys that change, from an identity server.</summary>
public sealed class JwksTests
{
    private static readonly ECDsa Old = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private static readonly RSA New = RSA.Create(2048);

    private readonly TokenSigner.Ec _old = new(Old) { KeyId = "2025" };
    private readonly TokenSigner.Rsa _new = new(New) { KeyId = "2026" };

    [Fact]
    public async Task A_new_key_is_known_soon_and_the_old_one_is_honoured_for_as_long_as_it_is_there()
    {
        await using var server = await KeySetServer.StartAsync();
        server.Show(_old.Jwk);
        await using var node = await StartAsync(server);
        await Eventually.TrueAsync(async () => await PostAsync(node, _old) == HttpStatusCode.OK, TimeSpan.FromSeconds(20), "the first key is known");
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(node, _new));

        server.Show(_new.Jwk, _old.Jwk);
        await Eventually.TrueAsync(async () => await PostAsync(node, _new) == HttpStatusCode.OK, TimeSpan.FromSeconds(20), "the new key is known");
        Assert.Equal(HttpStatusCode.OK, await PostAsync(node, _old));

        server.Show(_new.Jwk);
        await Eventually.TrueAsync(
            async () =>
            {
                // A key that nobody has is what makes it look.
                await PostAsync(node, new TokenSigner.Ec(Old) { KeyId = Guid.NewGuid().ToString() });
                return await PostAsync(node, _old) == HttpStatusCode.Unauthorized;
            },
            TimeSpan.FromSeconds(20),
            "the old key is gone");
        Assert.Equal(HttpStatusCode.OK, await PostAsync(node, _new));
    }

    [Fact]
    public async Task While_the_keys_are_away_those_that_are_known_go_on_and_without_any_people_are_told_to_come_back()
    {
        await using var server = await KeySetServer.StartAsync();
        await using var node = await StartAsync(server);
        using var early = await TestViewer.JsonAsync(node.Url, "/ws/lobby");
        await early.SayAsync(new { type = "join", token = _old.Sign(Claims()) });

        Assert.Equal((1013, "tokens cannot be checked"), await early.ClosedAsync());
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await PostAsync(node, _old));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(node, null));

        server.Show(_old.Jwk);
        await Eventually.TrueAsync(async () => await PostAsync(node, _old) == HttpStatusCode.OK, TimeSpan.FromSeconds(20), "they are back");
        server.Answer = () => Results.StatusCode(StatusCodes.Status500InternalServerError);
        var asked = server.Asked;
        await Eventually.TrueAsync(
            async () =>
            {
                Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(node, _new));
                return server.Asked > asked;
            },
            TimeSpan.FromSeconds(20),
            "it was asked in vain");
        Assert.Equal(HttpStatusCode.OK, await PostAsync(node, _old));
    }

    [Fact]
    public async Task Tokens_of_strangers_do_not_make_it_ask_more_often_than_every_few_seconds()
    {
        await using var server = await KeySetServer.StartAsync();
        server.Show(_old.Jwk);
        var time = new ManualTimeProvider();
        using var source = Source(server.Url.AbsoluteUri, time);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => source.RefreshAsync()));
        Assert.Equal(1, server.Asked);
        time.Advance(JwksSource.MinInterval);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => source.RefreshAsync()));

        Assert.Equal(2, server.Asked);
    }

    public static TheoryData<string> BadAnswers => ["redirect", "endless", "no JSON", "no keys", "secrets", "weak", "error"];

    [Theory]
    [MemberData(nameof(BadAnswers))]
    public async Task An_answer_that_is_no_set_of_keys_is_passed_over(string what)
    {
        await using var other = await KeySetServer.StartAsync();
        await using var server = await KeySetServer.StartAsync();
        using var weak = RSA.Create(1024);
        other.Show(_old.Jwk);
        var secret = new { kty = "oct", kid = "2025", k = TokenSigner.Encode(new byte[32]) };
        switch (what)
        {
            case "secrets":
                server.Show(secret);
                break;
            case "weak":
                server.Show(new TokenSigner.Rsa(weak).Jwk);
                break;
            case "no keys":
                server.Show();
                break;
            default:
                server.Answer = () => what switch
                {
                    "redirect" => Results.Redirect(other.Url.AbsoluteUri),
                    "endless" => Results.Text(JsonSerializer.Serialize(new { keys = new[] { _old.Jwk }, more = new string('x', SigningKeys.MaxBytes) })),
                    "error" => Results.Text(JsonSerializer.Serialize(new { keys = new[] { _old.Jwk } }), statusCode: 500),
                    _ => Results.Text("<html>"),
                };
                break;
        }

        using var source = Source(server.Url.AbsoluteUri, TimeProvider.System);
        await source.RefreshAsync();

        Assert.Equal((null, 1, 0), (source.Keys, server.Asked, other.Asked));
    }

    [Fact]
    public async Task A_secret_among_public_keys_is_no_key()
    {
        await using var server = await KeySetServer.StartAsync();
        server.Show(_old.Jwk, new { kty = "oct", kid = "x", k = TokenSigner.Encode(new byte[32]) });
        using var source = Source(server.Url.AbsoluteUri, TimeProvider.System);

        await source.RefreshAsync();

        Assert.Equal("2025", Assert.Single(source.Keys!).KeyId);
    }

    [Fact]
    public async Task A_file_is_read_as_well_and_again()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { keys = new[] { _old.Jwk } }));
        var time = new ManualTimeProvider();
        using var source = Source(file, time);
        await source.RefreshAsync();
        Assert.Equal("2025", Assert.Single(source.Keys!).KeyId);

        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new { keys = new[] { _new.Jwk } }));
        time.Advance(JwksSource.MinInterval);
        await source.RefreshAsync();

        Assert.Equal("2026", Assert.Single(source.Keys!).KeyId);
        File.Delete(file);
    }

    private static JwksSource Source(string place, TimeProvider time) => new(new AuthOptions { Jwks = place }, time, NullLogger<JwksSource>.Instance);

    private static Task<TestNode> StartAsync(KeySetServer server) => TestNode.StartAsync(
        "--Danmaku:Auth:Jwks=" + server.Url, "--Danmaku:Auth:Audience=danmaku", "--Danmaku:Connection:HttpPostsPerSecond=0",
        "--Danmaku:Connection:HttpRequestsPerSecond=0");

    private static Dictionary<string, object> Claims()
    {
        var claims = TokenSigner.Claims();
        claims["aud"] = "danmaku";
        return claims;
    }

    private static async Task<HttpStatusCode> PostAsync(TestNode node, TokenSigner? signer)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/rooms/lobby/danmaku") { Content = JsonContent.Create(new { text = "hi" }) };
        request.Headers.Authorization = signer is null ? null : new("Bearer", signer.Sign(Claims()));
        using var response = await node.Http.SendAsync(request);
        return response.StatusCode;
    }
}
