using System.Net;
using System.Text;
using Danmaku.Core.Identities;
using Danmaku.Core.Limits;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Identities;

public class DeploymentKeyTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_790_000_000);

    private readonly DeploymentKey _key = new([.. Enumerable.Range(0, DeploymentKey.Bytes).Select(i => (byte)i)]);
    private readonly DeploymentKey _other = new(new byte[DeploymentKey.Bytes]);

    /// <summary>They stand in stores and in what browsers keep: another release must make the same.</summary>
    [Fact]
    public void What_a_key_makes_never_changes()
    {
        var person = _key.Issue([.. Enumerable.Range(0, AnonymousIdentity.IdBytes).Select(i => (byte)i)], Now, out var text);

        Assert.Equal("an12e4rsdk8N9_bK", $"{_key.UserOf("https://id.example", "alice")}");
        Assert.Equal("Z_-nymsnTcYI3Ipe", $"{_key.UserOf(ClientNetwork.Of(IPAddress.Parse("192.0.2.1"), 64))}");
        Assert.Equal("1HeiCd4ASjRmkgWc", $"{_key.Server}");
        Assert.Equal("rSyVAlKc_NDOL-3E", $"{person.User}");
        Assert.Equal("a1.arE7gAABAgMEBQYHCAkKC9ULmMsvsQkNhHcr8cptGfI", text);
    }

    [Fact]
    public void Nobody_is_anybody_else()
    {
        var network = ClientNetwork.Of(IPAddress.Parse("192.0.2.1"), 64);
        UserId[] users =
        [
            _key.UserOf("a", "bc"), _key.UserOf("ab", "c"), _key.UserOf("", "abc"), _key.UserOf("a", "b"), _other.UserOf("a", "bc"),
            _key.UserOf(network), _key.UserOf("", Encoding.Latin1.GetString(network.ToBytes())), _other.UserOf(network), _key.Server, _other.Server,
            _key.Issue(network.ToBytes().AsSpan(0, AnonymousIdentity.IdBytes), Now, out _).User, UserId.None,
        ];

        Assert.Equal(users.Length, users.Distinct().Count());
        Assert.Equal(_key.UserOf("a", "bc"), users[0]);
    }

    [Fact]
    public void A_written_user_is_16_characters_of_base64url_and_is_read_back()
    {
        var user = _key.UserOf("issuer", "alice");
        var bytes = new byte[UserId.Bytes];
        user.Write(bytes);

        Assert.Matches("^[A-Za-z0-9_-]{16}$", $"{user}");
        Assert.True(UserId.TryParse($"{user}", out var read));
        Assert.Equal((user, user), (read, new UserId(bytes)));
        Assert.True(UserId.None.IsNone && !user.IsNone);
    }

    [Theory]
    [InlineData("")]
    [InlineData("KbnbGmRUxJyR-l1")]
    [InlineData("KbnbGmRUxJyR-l1_x")]
    [InlineData("KbnbGmRUxJyR+l1_")]
    [InlineData("KbnbGmRUxJyR l1=")]
    [InlineData("KbnbGmRUxJyR-l1é")]
    public void What_is_no_user_is_none(string text) => Assert.False(UserId.TryParse(text, out _));

    [Fact]
    public void An_identity_is_read_by_the_deployment_that_has_made_it_alone()
    {
        var made = _key.Issue(new byte[AnonymousIdentity.IdBytes], Now, out var text);

        Assert.Equal(AnonymousIdentity.TextLength, text.Length);
        Assert.True(_key.TryRead(text, out var read));
        Assert.Equal((made, Now), (read, read.IssuedAt));
        Assert.False(_other.TryRead(text, out _));
    }

    [Fact]
    public void An_identity_with_any_bit_changed_is_none()
    {
        _key.Issue(new byte[AnonymousIdentity.IdBytes], Now, out var text);
        var bytes = System.Buffers.Text.Base64Url.DecodeFromChars(text.AsSpan(AnonymousIdentity.Prefix.Length));

        for (var bit = 0; bit < 8 * bytes.Length; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(_key.TryRead(AnonymousIdentity.Prefix + System.Buffers.Text.Base64Url.EncodeToString(bytes), out _));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a1.")]
    [InlineData("a1.!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!")]
    [InlineData("a1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==")]
    [InlineData("a2.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.")]
    public void What_is_no_identity_is_none(string text) => Assert.False(_key.TryRead(text, out _));

    [Property(MaxTest = 500)]
    public void Whatever_it_is_reading_it_never_throws(string text)
    {
        Assert.False(_key.TryRead(text ?? "", out _));
        Assert.False(_key.TryRead(("a1." + text).PadRight(AnonymousIdentity.TextLength, 'A')[..AnonymousIdentity.TextLength], out _));
    }

    [Fact]
    public void The_first_key_of_a_node_counts()
    {
        var handle = new DeploymentKeyHandle();
        Assert.Null(handle.Key);

        handle.Set(_key);
        handle.Set(_other);

        Assert.Same(_key, handle.Key);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void A_secret_of_another_length_is_none(int bytes) => Assert.Throws<ArgumentException>(() => new DeploymentKey(new byte[bytes]));
}
