using System.Security.Cryptography;
using System.Text;
using Danmaku.Core.Identities;
using Danmaku.Core.Rooms;
using Danmaku.Node.Auth;
using Danmaku.Node.Options;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Auth;

public sealed class TokenVerifierTests
{
    private const string Secret = "a-secret-of-more-than-thirty-two-bytes";

    private readonly TokenSigner.Hmac _signer = new(Secret);
    private readonly ManualTimeProvider _time = new();
    private readonly AuthOptions _options = new() { HmacSecret = Secret };

    [Fact]
    public async Task What_a_token_says_is_read()
    {
        var claims = Claims();
        (claims["iss"], claims["jti"], claims["iat"], claims["danmaku"]) = ("https://id.example", "id-1", Unix(-60), new Dictionary<string, string> { ["lobby"] = "host" });

        var valid = Assert.IsType<TokenResult.Valid>(await VerifyAsync(_signer.Sign(claims)));

        Assert.Equal(("https://id.example", "alice", "Alice", "id-1"), (valid.Issuer, valid.Subject, valid.Name, valid.TokenId));
        Assert.Equal((Unix(-60), Unix(3600) + 30), (valid.IssuedAt!.Value.ToUnixTimeSeconds(), valid.Expires.ToUnixTimeSeconds()));
        Assert.Equal((Role.Host, Role.Viewer), (valid.Roles.In(RoomId.Parse("lobby")), valid.Roles.In(RoomId.Parse("hall"))));
    }

    [Fact]
    public async Task What_a_token_does_not_say_is_nothing()
    {
        var claims = Claims();
        claims.Remove("name");

        var valid = Assert.IsType<TokenResult.Valid>(await VerifyAsync(_signer.Sign(claims)));

        Assert.Equal(("", null, null, null), (valid.Issuer, valid.Name, valid.TokenId, valid.IssuedAt));
        Assert.Equal(Role.Viewer, valid.Roles.In(RoomId.Parse("lobby")));
    }

    [Theory]
    [InlineData(-31, false)]
    [InlineData(-30, false)]
    [InlineData(-29, true)]
    [InlineData(long.MaxValue / 1000, true)]
    public async Task A_token_is_good_until_it_ends_by_the_time_of_the_nodes_and_a_little_longer(long end, bool isGood)
    {
        var claims = Claims();
        claims["exp"] = end > 1_000_000 ? end : Unix(end);

        Assert.Equal(isGood, await VerifyAsync(_signer.Sign(claims)) is TokenResult.Valid);
    }

    [Fact]
    public async Task Whatever_it_is_checking_it_never_throws()
    {
        var good = _signer.Sign(Claims());
        var random = new Random(1);
        for (var i = 0; i < 3000; i++)
        {
            var bytes = Encoding.Latin1.GetBytes(good);
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = (byte)(random.Next(3) == 0 ? random.Next(256) : ".eyJ0-_="[random.Next(8)]);
            }

            var token = Encoding.Latin1.GetString(bytes.AsSpan(0, random.Next(4) == 0 ? random.Next(bytes.Length) : bytes.Length));
            Assert.True(token == good || await VerifyAsync(token) is TokenResult.Refused or TokenResult.Valid { Subject: "alice" });
        }
    }

    [Fact]
    public async Task Claims_of_any_kind_are_refused_and_not_thrown_about()
    {
        object[] values = [1, -1, 1e300, true, "x", new[] { 1 }, new { a = new { b = 1 } }, new string('x', 300), "\ud83d"];
        foreach (var name in new[] { "sub", "name", "exp", "nbf", "iat", "jti", "iss", "aud", "danmaku", "cnf" })
        {
            foreach (var value in values)
            {
                var claims = Claims();
                claims[name] = value;
                Assert.NotNull(await VerifyAsync(_signer.Sign(claims)));
                Assert.NotNull(await VerifyAsync(_signer.Sign(Claims(), (name, value), ("kid", value))));
            }
        }

        foreach (var header in new[] { "alg", "kid", "typ", "cty", "zip", "x5t" })
        {
            foreach (var value in values)
            {
                Assert.NotNull(await VerifyAsync(_signer.Sign(Claims(), (header, value))));
            }
        }
    }

    public static TheoryData<string, string, string> BadKeys => new()
    {
        { "PublicKey", "", "it has no PEM in it" },
        { "PublicKey", "hello", "it has no PEM in it" },
        { "PublicKey", "private", "a public key was expected and not 'PRIVATE KEY'; a private key stays with whoever signs" },
        { "PublicKey", "weak", "an RSA key has at least 2048 bits" },
        { "PublicKey", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "it is neither an RSA nor an EC key" },
        { "PublicKey", "missing", "cannot be read" },
        { "HmacSecretFile", "short", "must have secrets of at least 32 bytes, one in a line" },
        { "HmacSecretFile", "", "must have secrets of at least 32 bytes, one in a line" },
        { "HmacSecretFile", "missing", "cannot be read" },
    };

    [Theory]
    [MemberData(nameof(BadKeys))]
    public void A_key_that_is_none_is_one_line_that_names_its_option(string option, string content, string why)
    {
        using var weak = RSA.Create(1024);
        using var secret = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var file = Path.GetTempFileName();
        File.WriteAllText(file, content switch
        {
            "private" => secret.ExportPkcs8PrivateKeyPem(),
            "weak" => weak.ExportSubjectPublicKeyInfoPem(),
            _ => content,
        });
        var place = content == "missing" ? file + ".missing" : file;
        var options = new AuthOptions { PublicKey = option == "PublicKey" ? place : "", HmacSecretFile = option == "PublicKey" ? "" : place };

        var error = Assert.Throws<SettingsException>(() => SigningKeys.Read(options));

        File.Delete(file);
        Assert.StartsWith($"Danmaku:Auth:{option}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_certificate_is_a_public_key_too_and_one_file_may_hold_several()
    {
        using var authority = TestAuthority.Create();
        using var rsa = RSA.Create(2048);
        var file = Path.GetTempFileName();
        File.WriteAllText(file, $"A comment.\n{authority.Certificate.ExportCertificatePem()}\n{rsa.ExportRSAPublicKeyPem()}\n");

        var keys = SigningKeys.Read(new AuthOptions { PublicKey = file });

        File.Delete(file);
        Assert.Equal(["ES256", "RS256"], keys.Select(key => SigningKeys.AlgorithmsOf(key)[0]));
    }

    private Task<TokenResult> VerifyAsync(string token) =>
        new TokenVerifier(_options, SigningKeys.Read(_options), null, _time).VerifyAsync(token, default).AsTask();

    private long Unix(long seconds) => _time.GetUtcNow().ToUnixTimeSeconds() + seconds;

    private Dictionary<string, object> Claims() => TokenSigner.Claims(_time.GetUtcNow().AddHours(1));
}
