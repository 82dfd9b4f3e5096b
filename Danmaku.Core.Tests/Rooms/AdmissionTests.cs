using System.Net;
using Danmaku.Core.Identities;
using Danmaku.Core.Limits;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Rooms;

public class AdmissionTests
{
    private static readonly RoomId Lobby = RoomId.Parse("lobby");
    private static readonly ClientNetwork Home = ClientNetwork.Of(IPAddress.Parse("192.0.2.1"), 64);
    private static readonly ClientNetwork Office = ClientNetwork.Of(IPAddress.Parse("192.0.2.2"), 64);
    private static readonly DateTimeOffset Now = ManualTimeProvider.Start;

    private readonly DeploymentKey _key = new(new byte[DeploymentKey.Bytes]);
    private byte _chance = 0x2a;

    [Theory]
    [InlineData("Mei", "Mei")]
    [InlineData("  弹幕君  ", "弹幕君")]
    [InlineData("\u2068Mei\u2069\tLi", "Mei Li")]
    public void A_viewer_with_a_name_posts_under_it(string asked, string given) => Assert.Equal((null, given), Name(asked));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    public void A_viewer_without_a_name_gets_one(string? asked) => Assert.Equal((null, "guest-2a2a"), Name(asked));

    [Theory]
    [InlineData("\u200b", RejectReason.TextEmpty)]
    [InlineData("\u2800", RejectReason.TextEmpty)]
    [InlineData("\u3164\ufe0f\U000e0041", RejectReason.TextEmpty)]
    [InlineData("a\u001bb", RejectReason.TextInvalid)]
    [InlineData("1234567890123456789012345", RejectReason.TextTooLong)]
    public void A_name_that_may_not_be_shown_is_refused(string asked, RejectReason reason) => Assert.Equal(reason, Name(asked).Reason);

    [Fact]
    public void A_name_of_a_token_wins() =>
        Assert.Equal((null, "Mei"), Name("Kai", new Identity(UserId.None, IdentityKind.Token, Role.Viewer) { Name = "Mei" }));

    [Fact]
    public async Task Who_keeps_what_it_is_given_is_known_again()
    {
        var first = await AdmitAsync(new AdmissionRequest(Lobby, Home) { Keeps = true });
        _chance = 7;

        var again = await AdmitAsync(new AdmissionRequest(Lobby, Office) { Keeps = true, Kept = first.ToKeep });
        var shown = await AdmitAsync(new AdmissionRequest(Lobby, Office) { Token = first.ToKeep }, new TokenResult.Refused(CloseReason.TokenExpired));
        var other = await AdmitAsync(new AdmissionRequest(Lobby, Home) { Keeps = true });

        Assert.Equal(first.Identity, shown.Identity);
        Assert.Equal((IdentityKind.Anonymous, Role.Viewer, true, Now), (first.Identity.Kind, first.Identity.Role, first.Identity.MayPost, first.Identity.IssuedAt));
        Assert.False(first.Identity.User.IsNone);
        Assert.Equal((first.Identity, null), (again.Identity, again.ToKeep));
        Assert.NotEqual(first.Identity.User, other.Identity.User);
    }

    [Fact]
    public async Task Who_brings_what_another_deployment_has_made_gets_a_new_one()
    {
        new DeploymentKey([.. Enumerable.Repeat((byte)1, DeploymentKey.Bytes)]).Issue(new byte[AnonymousIdentity.IdBytes], Now, out var foreign);

        var admitted = await AdmitAsync(new AdmissionRequest(Lobby, Home) { Keeps = true, Kept = foreign });

        Assert.NotNull(admitted.ToKeep);
        Assert.NotEqual(foreign, admitted.ToKeep);
    }

    [Fact]
    public async Task Who_cannot_keep_anything_counts_by_its_network()
    {
        var one = await AdmitAsync(new AdmissionRequest(Lobby, Home));
        var same = await AdmitAsync(new AdmissionRequest(RoomId.Parse("hall"), Home));
        var other = await AdmitAsync(new AdmissionRequest(Lobby, Office));

        Assert.Equal((IdentityKind.Network, null), (one.Identity.Kind, one.ToKeep));
        Assert.Equal(one.Identity.User, same.Identity.User);
        Assert.NotEqual(one.Identity.User, other.Identity.User);
    }

    [Fact]
    public async Task While_the_key_is_not_known_everybody_comes_in_as_nobody()
    {
        var admission = new Admission(AnonymousAccess.Post, null, new DeploymentKeyHandle(), Random, new ManualTimeProvider());

        var admitted = Assert.IsType<AdmissionResult.Admitted>(await admission.AdmitAsync(new AdmissionRequest(Lobby, Home) { Keeps = true }, default));

        Assert.Equal((UserId.None, true, null), (admitted.Identity.User, admitted.Identity.MayPost, admitted.ToKeep));
        Assert.True(admission.Server.User.IsNone);
    }

    [Fact]
    public async Task Without_verified_tokens_a_token_counts_for_nothing()
    {
        var admitted = await AdmitAsync(new AdmissionRequest(Lobby, Home) { Keeps = true, Token = "e.y.J" });

        Assert.Equal(IdentityKind.Anonymous, admitted.Identity.Kind);
    }

    [Fact]
    public async Task A_token_says_who_somebody_is_and_which_role_it_has_where()
    {
        var roles = RoomRoles.Read(System.Text.Json.JsonElement.Parse("""{"lobby":"moderator"}"""))!;
        var token = new TokenResult.Valid("issuer", "alice", "Alice", roles, "id-1", Now, Now.AddHours(1));

        var here = await AdmitAsync(new AdmissionRequest(Lobby, Home) { Keeps = true, Token = "e.y.J" }, token);
        _key.Issue(new byte[AnonymousIdentity.IdBytes], Now, out var kept);
        var there = await AdmitAsync(new AdmissionRequest(RoomId.Parse("hall"), Office) { Keeps = true, Token = "e.y.J", Kept = kept }, token);

        Assert.Equal(
            new Identity(_key.UserOf("issuer", "alice"), IdentityKind.Token, Role.Moderator)
            {
                Name = "Alice",
                TokenId = "id-1",
                IssuedAt = Now,
                Expires = Now.AddHours(1),
            },
            here.Identity);
        Assert.Null(here.ToKeep);
        Assert.Equal(here.Identity with { Role = Role.Viewer }, there.Identity);
    }

    [Fact]
    public async Task A_token_that_is_not_believed_makes_nobody_anonymous()
    {
        var refused = await ResultAsync(
            AnonymousAccess.Post, new AdmissionRequest(Lobby, Home) { Keeps = true, Token = "e.y.J" }, new TokenResult.Refused(CloseReason.TokenExpired));

        Assert.Equal(new AdmissionResult.Refused(CloseReason.TokenExpired), refused);
    }

    [Fact]
    public async Task Anonymous_people_may_be_kept_from_posting_or_out()
    {
        var watching = Assert.IsType<AdmissionResult.Admitted>(await ResultAsync(AnonymousAccess.Watch, new AdmissionRequest(Lobby, Home), null));
        var token = new TokenResult.Valid("", "alice", null, RoomRoles.None, null, null, Now);
        var signedIn = await ResultAsync(AnonymousAccess.None, new AdmissionRequest(Lobby, Home) { Token = "e.y.J" }, token);

        Assert.False(watching.Identity.MayPost);
        Assert.Equal(
            new AdmissionResult.Refused(CloseReason.NotAdmitted("sign in")), await ResultAsync(AnonymousAccess.None, new AdmissionRequest(Lobby, Home), null));
        Assert.True(Assert.IsType<AdmissionResult.Admitted>(signedIn).Identity.MayPost);
    }

    private (RejectReason? Reason, string Name) Name(string? asked, Identity? identity = null)
    {
        var reason = Make(AnonymousAccess.Post, null).Name(identity ?? new Identity(UserId.None, IdentityKind.Network, Role.Viewer), asked, out var name);
        return (reason, name);
    }

    private async Task<AdmissionResult.Admitted> AdmitAsync(AdmissionRequest request, TokenResult? token = null) =>
        Assert.IsType<AdmissionResult.Admitted>(await ResultAsync(AnonymousAccess.Post, request, token));

    private async Task<AdmissionResult> ResultAsync(AnonymousAccess anonymous, AdmissionRequest request, TokenResult? token) =>
        await Make(anonymous, token).AdmitAsync(request, CancellationToken.None);

    private Admission Make(AnonymousAccess anonymous, TokenResult? token)
    {
        var handle = new DeploymentKeyHandle();
        handle.Set(_key);
        return new Admission(anonymous, token is null ? null : new OneAnswer(token), handle, Random, new ManualTimeProvider());
    }

    private byte[] Random(int count) => [.. Enumerable.Repeat(_chance, count)];

    private sealed class OneAnswer(TokenResult answer) : ITokenVerifier
    {
        public ValueTask<TokenResult> VerifyAsync(string token, CancellationToken cancellation) => ValueTask.FromResult(answer);
    }
}
