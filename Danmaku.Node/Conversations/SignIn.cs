using Danmaku.Core.Identities;
using Danmaku.Core.Limits;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Node.Sockets;

namespace Danmaku.Node.Conversations;

/// <summary>Who opens a connection, as far as its handshake tells.</summary>
/// <param name="network">Where it comes from.</param>
/// <param name="bearer">What it shows with <c>Authorization: Bearer</c>; null for nothing.</param>
internal sealed class Caller(ClientNetwork network, string? bearer)
{
    public ClientNetwork Network => network;

    /// <summary>Gives away what it shows: a stranger's is not kept for as long as the connection lives.</summary>
    public string? TakeBearer()
    {
        var taken = bearer;
        bearer = null;
        return taken;
    }
}

/// <summary>Who a connection belongs to, and for how long: until its token ends, unless a new one comes.</summary>
internal sealed class SignIn(
    ViewerSocket socket, RoomId room, WireFormat format, Caller caller, TimeSpan notice, IAdmission admission, TimeProvider time)
{
    /// <summary>To whoever may not post as long as nobody knows who it is.</summary>
    public const string Prompt = "Sign in to post.";

    private volatile TokenLife? _life;

    /// <summary>Who it is, once it has entered.</summary>
    public Identity Identity { get; private set; } = new(UserId.None, IdentityKind.Network, Role.Viewer) { MayPost = false };

    /// <summary>The name under which it posts.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Lets somebody in, or closes the connection with the reason.</summary>
    /// <param name="token">Null for that of the handshake, if there is one.</param>
    /// <param name="kept">As <see cref="AdmissionRequest.Kept"/>.</param>
    /// <param name="name">The one it asks for.</param>
    /// <returns>The beginning of its join; null when it was not let in.</returns>
    public async ValueTask<JoinRequest?> EnterAsync(string? token, string? kept, string? name)
    {
        var bearer = caller.TakeBearer();
        var result = await AdmitAsync(token ?? bearer, kept);
        if (result is not AdmissionResult.Admitted admitted)
        {
            socket.Close(((AdmissionResult.Refused)result).Reason);
            return null;
        }

        if (admission.Name(admitted.Identity, name, out var shown) is { } problem)
        {
            socket.Close(CloseReason.NotAdmitted($"the name is {problem.Name()}"));
            return null;
        }

        Name = shown;
        Become(admitted.Identity);
        return new JoinRequest(room, shown, format, Last: null, History: 0) { Identity = admitted.Identity, ToKeep = admitted.ToKeep };
    }

    /// <summary>Takes a new token of the same person.</summary>
    /// <returns>Null, or why it was not taken; then the one before goes on.</returns>
    public async ValueTask<string?> RefreshAsync(string token)
    {
        switch (await AdmitAsync(token, kept: null))
        {
            case AdmissionResult.Refused refused:
                return refused.Reason.Text;
            case AdmissionResult.Admitted { Identity: { Kind: IdentityKind.Token } identity } when IsSamePerson(identity):
                Become(identity);
                return null;
            default:
                return "it is not a token of whoever has joined";
        }
    }

    /// <summary>Tells when the token is about to end.</summary>
    /// <returns>Whether it has ended: then the connection is to be closed with <see cref="CloseReason.TokenExpired"/>.</returns>
    public bool Tick()
    {
        if (_life is not { } life)
        {
            return false;
        }

        var left = life.End - time.GetUtcNow();
        if (left > TimeSpan.Zero && left <= life.Notice && !life.IsNoticed)
        {
            // Where there is no room now, there may be at the next tick.
            life.IsNoticed = format.TokenExpiring(left) is not { } frame || socket.TryWrite(frame);
        }

        return left <= TimeSpan.Zero;
    }

    private ValueTask<AdmissionResult> AdmitAsync(string? token, string? kept) =>
        admission.AdmitAsync(new AdmissionRequest(room, caller.Network) { Token = token, Kept = kept, Keeps = format.HasJoin }, CancellationToken.None);

    /// <summary>Where the deployment's key came after the join, the one before is not known.</summary>
    private bool IsSamePerson(Identity identity) => Identity.Kind == IdentityKind.Token && (Identity.User.IsNone || Identity.User == identity.User);

    private void Become(Identity identity)
    {
        Identity = identity;

        if (identity.Expires is { } end)
        {
            // Of a token that ends no later than the one before nothing is said: else who always sends the same one would be told again and again.
            var half = (end - time.GetUtcNow()) / 2;
            _life = new TokenLife(end <= _life?.End ? TimeSpan.Zero : half < notice ? half : notice, end);
        }
    }

    /// <param name="Notice">How long before its end the client is told.</param>
    private sealed record TokenLife(TimeSpan Notice, DateTimeOffset End)
    {
        /// <summary>Only the sweep reads and writes it.</summary>
        public bool IsNoticed { get; set; }
    }
}
