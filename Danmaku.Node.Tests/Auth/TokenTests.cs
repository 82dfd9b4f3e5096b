using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Auth;

/// <summary>docs/protocol.md §11, tokens: over real sockets, with a secret and a public key.</summary>
public sealed class TokenTests(TokenTests.Shared shared) : IClassFixture<TokenTests.Shared>, IDisposable
{
    private const string Issuer = "https://id.example";
    private const string Audience = "danmaku";
    private const string ServerKey = "the-key-of-servers";

    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    private readonly TestNode _node = shared.Node;

    public void Dispose() => _node.AssertNoErrors();

    public static TheoryData<string, int, string> BadTokens => new()
    {
        { "expired", 4004, "token expired" },
        { "not yet valid", 4003, "not admitted: the token is not valid yet" },
        { "without exp", 4003, "not admitted: the token has no exp" },
        { "another issuer", 4003, "not admitted: the token has another issuer" },
        { "no issuer", 4003, "not admitted: the token has another issuer" },
        { "another audience", 4003, "not admitted: the token is for another audience" },
        { "no audience", 4003, "not admitted: the token is for another audience" },
        { "another secret", 4003, "not admitted: the token's signature is wrong" },
        { "claims changed", 4003, "not admitted: the token's signature is wrong" },
        { "signature cut off", 4003, "not admitted: the token's signature is wrong" },
        { "alg none", 4003, "not admitted: no key is known for the token" },
        { "alg none in capitals", 4003, "not admitted: no key is known for the token" },
        { "public key as a secret", 4003, "not admitted: the token's signature is wrong" },
        { "public key without its last line as a secret", 4003, "not admitted: the token's signature is wrong" },
        { "RSA signature under HS256", 4003, "not admitted: the token's signature is wrong" },
        { "HMAC under RS256", 4003, "not admitted: the token's signature is wrong" },
        { "key in the header", 4003, "not admitted: the token's signature is wrong" },
        { "critical header", 4003, "not admitted: the token is malformed" },
        { "no sub", 4003, "not admitted: the token has no sub, or a sub or jti that is too long" },
        { "long sub", 4003, "not admitted: the token has no sub, or a sub or jti that is too long" },
        { "bad roles", 4003, "not admitted: the token's claim danmaku is invalid" },
        { "bad name", 4003, "not admitted: the token's name cannot be shown" },
        { "name is a number", 4003, "not admitted: the token is malformed" },
        { "oversized", 4003, "not admitted: the token is too long" },
        { "no token", 4003, "not admitted: the token is malformed" },
        { "three dots", 4003, "not admitted: the token is malformed" },
        { "header is no JSON", 4003, "not admitted: the token is malformed" },
        { "exp is a text", 4003, "*" },
    };

    [Theory]
    [MemberData(nameof(BadTokens))]
    public async Task A_token_that_is_not_good_lets_nobody_in_and_says_why(string what, int code, string text)
    {
        var token = shared.Bad(what);
        using var viewer = await TestViewer.JsonAsync(_node.Url, "/ws/lobby");
        using var plain = await PlainAsync(token);

        await viewer.SayAsync(new { type = "join", token });
        using var posted = await PostAsync(token);

        var closed = await viewer.ClosedAsync();
        Assert.Equal(code, closed.Code);
        Assert.True(text == "*" || text == closed.Text, closed.Text);
        Assert.Equal(closed.Code, (await plain.ReadCloseAsync()).Code);
        Assert.Equal(HttpStatusCode.Unauthorized, posted.StatusCode);
        Assert.Equal("error=\"invalid_token\"", posted.Headers.WwwAuthenticate.Single().Parameter);
        Assert.Equal("forbidden", (await posted.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("reason").GetString());
    }

    [Theory]
    [InlineData("secret")]
    [InlineData("second secret")]
    [InlineData("RSA")]
    [InlineData("EC")]
    public async Task A_token_of_each_key_lets_its_person_in_under_its_name(string key)
    {
        var token = shared.Good(key);
        var (viewer, welcome) = await TestViewer.JoinAsync(_node.Url, "good", new { type = "join", token, name = "Mallory" });
        using var _ = viewer;
        using var plain = await PlainAsync(token, "good");

        await viewer.PostAsync("by socket");
        Assert.Equal("Alice", Author(await viewer.HearAsync("batch")));
        await plain.SendTextAsync("by plain text");
        Assert.Equal("Alice", Author(await viewer.HearAsync("batch")));
        using var posted = await PostAsync(token, "good", "Mallory");

        Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
        Assert.Equal("Alice", Author(await viewer.HearAsync("batch")));
        Assert.Equal("Alice", welcome.GetProperty("name").GetString());
        Assert.False(welcome.TryGetProperty("identity", out var kept));
    }

    [Fact]
    public async Task What_clocks_may_differ_is_forgiven()
    {
        var late = Claims(claims => claims["exp"] = DateTimeOffset.UtcNow.AddSeconds(-Skew.TotalSeconds / 3).ToUnixTimeSeconds());
        var early = Claims(claims => claims["nbf"] = DateTimeOffset.UtcNow.AddSeconds(Skew.TotalSeconds / 3).ToUnixTimeSeconds());

        foreach (var claims in new[] { late, early })
        {
            using var posted = await PostAsync(shared.Secret.Sign(claims));
            Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
        }
    }

    [Fact]
    public async Task A_token_without_a_name_leaves_that_to_its_person()
    {
        var token = shared.Secret.Sign(Claims(claims => claims.Remove("name")));
        var (viewer, welcome) = await TestViewer.JoinAsync(_node.Url, "names", new { type = "join", token, name = "Mei" });

        viewer.Dispose();
        Assert.Equal("Mei", welcome.GetProperty("name").GetString());
    }

    [Theory]
    [InlineData(ServerKey, "Bot", "Bot")]
    [InlineData(null, "Kai", "Kai")]
    public async Task Where_tokens_are_read_the_key_of_servers_is_one_and_others_may_post_too(string? bearer, string asked, string name)
    {
        var room = "servers-" + name.ToLowerInvariant();
        var (viewer, _) = await TestViewer.JoinAsync(_node.Url, room);
        using var __ = viewer;

        using var posted = await PostAsync(bearer, room, asked);

        Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
        Assert.Equal(name, Author(await viewer.HearAsync("batch")));
    }

    [Fact]
    public async Task A_token_that_ends_is_announced_and_renewed_or_closes_its_connection()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:Auth:HmacSecret=" + Shared.SecretText, "--Danmaku:Auth:ClockSkew=0");
        var secret = new TokenSigner.Hmac(Shared.SecretText);
        string Token(int seconds, string sub = "alice")
        {
            var claims = TokenSigner.Claims(DateTimeOffset.UtcNow.AddSeconds(seconds));
            claims["sub"] = sub;
            return secret.Sign(claims);
        }

        var (renewed, _) = await TestViewer.JoinAsync(node.Url, "lobby", new { type = "join", token = Token(10) });
        var (left, _) = await TestViewer.JoinAsync(node.Url, "lobby", new { type = "join", token = Token(10) });
        using var __ = renewed;
        using var ___ = left;

        using var plain = await RawClient.ConnectAsync(node.Url);
        Assert.Equal(101, await plain.RequestAsync("/ws/lobby", [.. RawClient.Upgrade, "Authorization: Bearer " + Token(10)]));

        var notice = await renewed.HearAsync("token_expiring");
        Assert.InRange(notice.GetProperty("within").GetInt64(), 1, 5000);
        await renewed.SayAsync(new { type = "refresh", token = Token(3600, "mallory") });
        Assert.Equal("token_refused", (await renewed.HearAsync("error")).GetProperty("reason").GetString());
        await renewed.SayAsync(new { type = "refresh", token = Token(-5) });
        Assert.Equal("token expired", (await renewed.HearAsync("error")).GetProperty("message").GetString());
        await renewed.SayAsync(new { type = "refresh", token = Token(3600) });

        Assert.Equal((4004, "token expired"), await left.ClosedAsync());
        Assert.Equal((4004, "token expired"), await plain.ReadCloseAsync());
        await renewed.PostAsync("still here");
        await renewed.HearAsync("ack");
    }

    [Fact]
    public async Task Who_has_joined_without_a_token_cannot_become_somebody_by_refreshing()
    {
        var (viewer, _) = await TestViewer.JoinAsync(_node.Url, "anonymous");
        using var __ = viewer;

        await viewer.SayAsync(new { type = "refresh", token = shared.Good("secret") });

        Assert.Equal("token_refused", (await viewer.HearAsync("error")).GetProperty("reason").GetString());
    }

    private static string? Author(JsonElement batch) => batch.GetProperty("comments")[0].GetProperty("name").GetString();

    private static Dictionary<string, object> Claims(Action<Dictionary<string, object>>? change = null)
    {
        var claims = TokenSigner.Claims();
        (claims["iss"], claims["aud"], claims["jti"]) = (Issuer, Audience, "id-1");
        change?.Invoke(claims);
        return claims;
    }

    private async Task<RawClient> PlainAsync(string token, string room = "lobby")
    {
        var client = await RawClient.ConnectAsync(_node.Url);
        Assert.Equal(101, await client.RequestAsync("/ws/" + room, [.. RawClient.Upgrade, "Authorization: Bearer " + token]));
        return client;
    }

    private Task<HttpResponseMessage> PostAsync(string? bearer, string room = "lobby", string? name = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/api/rooms/{room}/danmaku") { Content = JsonContent.Create(new { text = "hi", name }) };
        request.Headers.Authorization = bearer is null ? null : new AuthenticationHeaderValue("Bearer", bearer);
        return _node.Http.SendAsync(request);
    }

    public sealed class Shared : IAsyncLifetime
    {
        public const string SecretText = "a-secret-of-more-than-thirty-two-bytes";
        private static readonly string[] Others = ["mail", "calendar"];
        private static readonly string[] Critical = ["b64"];
        private const string OlderText = "another-secret-of-more-than-32-bytes";

        private static readonly RSA RsaKey = RSA.Create(2048);
        private static readonly ECDsa EcKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        private readonly TokenSigner.Rsa _rsa = new(RsaKey);
        private readonly TokenSigner.Ec _ec = new(EcKey);
        private readonly string _directory = Directory.CreateTempSubdirectory("danmaku-").FullName;

        internal TestNode Node { get; private set; } = null!;

        internal TokenSigner.Hmac Secret { get; } = new(SecretText);

        public async Task InitializeAsync()
        {
            var (secrets, keys) = (Path.Combine(_directory, "secrets"), Path.Combine(_directory, "keys.pem"));
            await File.WriteAllTextAsync(secrets, $"{SecretText}\n{OlderText}\n");
            await File.WriteAllTextAsync(keys, $"{_rsa.PublicPem}\n{_ec.PublicPem}\n");
            Node = await TestNode.StartAsync(
                "--Danmaku:Auth:HmacSecretFile=" + secrets, "--Danmaku:Auth:PublicKey=" + keys, "--Danmaku:Auth:Issuer=" + Issuer,
                "--Danmaku:Auth:Audience=" + Audience, "--Danmaku:ServerKey=" + ServerKey, "--Danmaku:Connection:HttpPostsPerSecond=0");
        }

        public async Task DisposeAsync()
        {
            await Node.DisposeAsync();
            Directory.Delete(_directory, recursive: true);
        }

        internal string Good(string key) => key switch
        {
            "secret" => Secret.Sign(Claims()),
            "second secret" => new TokenSigner.Hmac(OlderText).Sign(Claims()),
            "RSA" => _rsa.Sign(Claims()),
            "EC" => _ec.Sign(Claims()),
            _ => throw new ArgumentException(key, nameof(key)),
        };

        internal string Bad(string what)
        {
            var good = Secret.Sign(Claims()).Split('.');
            return what switch
            {
                "expired" => Secret.Sign(Claims(claims => claims["exp"] = DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeSeconds())),
                "not yet valid" => _rsa.Sign(Claims(claims => claims["nbf"] = DateTimeOffset.UtcNow.AddMinutes(1).ToUnixTimeSeconds())),
                "without exp" => Secret.Sign(Claims(claims => claims.Remove("exp"))),
                "another issuer" => Secret.Sign(Claims(claims => claims["iss"] = "https://other.example")),
                "no issuer" => Secret.Sign(Claims(claims => claims.Remove("iss"))),
                "another audience" => Secret.Sign(Claims(claims => claims["aud"] = Others)),
                "no audience" => Secret.Sign(Claims(claims => claims.Remove("aud"))),
                "another secret" => new TokenSigner.Hmac(new string('x', 40)).Sign(Claims()),
                "claims changed" => $"{good[0]}.{TokenSigner.Encode(JsonSerializer.SerializeToUtf8Bytes(Claims(claims => claims["sub"] = "bob")))}.{good[2]}",
                "signature cut off" => $"{good[0]}.{good[1]}.{good[2][..^2]}",
                "alg none" => new TokenSigner.None().Sign(Claims()),
                "alg none in capitals" => new TokenSigner.None().Sign(Claims(), ("alg", "NONE")),
                "public key as a secret" => new TokenSigner.Hmac(_rsa.PublicPem + "\n").Sign(Claims()),
                "public key without its last line as a secret" => new TokenSigner.Hmac(_rsa.PublicPem).Sign(Claims()),
                "RSA signature under HS256" => _rsa.Sign(Claims(), ("alg", "HS256")),
                "HMAC under RS256" => Secret.Sign(Claims(), ("alg", "RS256")),
                "key in the header" => Stranger(),
                "critical header" => Secret.Sign(Claims(), ("crit", Critical), ("b64", false)),
                "no sub" => Secret.Sign(Claims(claims => claims.Remove("sub"))),
                "long sub" => Secret.Sign(Claims(claims => claims["sub"] = new string('a', 256))),
                "bad roles" => Secret.Sign(Claims(claims => claims["danmaku"] = new { lobby = "king" })),
                "bad name" => Secret.Sign(Claims(claims => claims["name"] = "a\u001bb")),
                "name is a number" => Secret.Sign(Claims(claims => claims["name"] = 7)),
                "oversized" => Secret.Sign(Claims(claims => claims["more"] = new string('a', 5000))),
                "no token" => "no-token",
                "three dots" => "...",
                "header is no JSON" => $"{TokenSigner.Encode(Encoding.ASCII.GetBytes("{\"alg\":"))}.{good[1]}.{good[2]}",
                "exp is a text" => Secret.Sign(Claims(claims => claims["exp"] = "tomorrow")),
                _ => throw new ArgumentException(what, nameof(what)),
            };
        }

        /// <summary>Signed with a key of one's own, which the header brings along.</summary>
        private static string Stranger()
        {
            using var own = RSA.Create(2048);
            var signer = new TokenSigner.Rsa(own);
            return signer.Sign(Claims(), ("jwk", signer.Jwk));
        }
    }
}
