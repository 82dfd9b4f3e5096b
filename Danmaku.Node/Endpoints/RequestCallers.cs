using Danmaku.Core.Identities;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Node.Auth;
using Danmaku.Node.Conversations;
using Danmaku.Node.Options;

namespace Danmaku.Node.Endpoints;

/// <summary>Says who makes a request to a room: by the server's key, by a token, or by nothing.</summary>
internal sealed class RequestCallers(NodeSettings settings, IAdmission admission, DanmakuMetrics metrics)
{
    /// <summary>Who posts: a server with the key, whoever a token says, or somebody without one.</summary>
    /// <returns>An identity that may post, or the answer to one who may not.</returns>
    public async Task<(Identity? Identity, IResult? Refused)> IdentifyAsync(HttpContext context, RoomId room, CancellationToken cancellation)
    {
        if (context.Request.Holds(settings.Node.ServerKey))
        {
            return (admission.Server, null);
        }

        if (settings.Node.ServerKey.Length > 0 && !admission.ReadsTokens)
        {
            return (null, Results.Problem("Only servers with the key may post here.", statusCode: StatusCodes.Status401Unauthorized));
        }

        var shown = context.Request.Bearer();
        var isToken = shown is not null && !AnonymousIdentity.IsOfThisForm(shown);
        var request = new AdmissionRequest(room, settings.Connection.ClientOf(context.ClientAddress())) { Token = shown };
        return await admission.AdmitAsync(request, cancellation) switch
        {
            AdmissionResult.Admitted { Identity: { MayPost: true } identity } => (identity, null),
            AdmissionResult.Refused { Reason: { } reason } when reason == CloseReason.TokensUnchecked => (null, Unchecked(context, reason)),
            AdmissionResult.Refused { Reason: { } reason } when isToken => (null, Unauthorized(context, "Bearer error=\"invalid_token\"", reason.Text)),
            _ => (null, Unauthorized(context, "Bearer", SignIn.Prompt)),
        };
    }

    private IResult Unchecked(HttpContext context, CloseReason reason)
    {
        metrics.Refused(RejectReason.Unavailable);
        context.Response.SetRetryAfter(JwksSource.MinInterval);
        return Problems.Refusal(StatusCodes.Status503ServiceUnavailable, RejectReason.Unavailable, reason.Text);
    }

    /// <param name="challenge">RFC 6750 §3.</param>
    private IResult Unauthorized(HttpContext context, string challenge, string detail)
    {
        metrics.Refused(RejectReason.Forbidden);
        context.Response.Headers.WWWAuthenticate = challenge;
        return Problems.Refusal(StatusCodes.Status401Unauthorized, RejectReason.Forbidden, detail);
    }
}
