using Danmaku.Core.Identities;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Node.Conversations;
using Danmaku.Node.Options;
using Microsoft.AspNetCore.Mvc;

namespace Danmaku.Node.Endpoints;

/// <param name="Text">The danmaku's text.</param>
/// <param name="Name">The author's name; without one the server generates a name.</param>
/// <param name="Mode">scroll, top, bottom or reverse.</param>
/// <param name="Color">#rrggbb.</param>
/// <param name="Size">small, medium or large.</param>
/// <param name="At">Media time in milliseconds.</param>
internal sealed record PostBody(string? Text, string? Name, string? Mode, string? Color, string? Size, long? At);

/// <param name="Position">The danmaku's position in its room.</param>
/// <param name="Durable">False if the store does not have it yet.</param>
internal sealed record PostReply(PositionReply Position, bool Durable);

internal sealed record PositionReply(long Epoch, long Offset);

/// <summary><c>POST /api/rooms/{room}/danmaku</c> (docs/protocol.md §9).</summary>
internal sealed class PostEndpoint(
    NodeSettings settings, IRooms rooms, IAdmission admission, RequestCallers callers, AddressLimiter limiter, RoomGate gate, ClientMarks marks,
    DanmakuMetrics metrics, TimeProvider time)
{
    private const int MaxKeyChars = 128;

    public async Task<IResult> PostAsync(
        HttpContext context, string room, [FromHeader(Name = "Idempotency-Key")] string? key, CancellationToken cancellation)
    {
        if (limiter.TryTake(context.ClientAddress()) is { } wait)
        {
            metrics.Refused(RejectReason.RateLimited);
            context.Response.SetRetryAfter(wait);
            return Problems.Refusal(StatusCodes.Status429TooManyRequests, RejectReason.RateLimited);
        }

        if (!RoomId.TryParse(room, out var id))
        {
            return Results.Problem("A room name matches ^[a-z0-9_-]{1,64}$.", statusCode: StatusCodes.Status400BadRequest);
        }

        var (identity, refused) = await callers.IdentifyAsync(context, id, cancellation);
        if (refused is not null)
        {
            return refused;
        }

        var (body, unreadable) = await JsonBody.ReadAsync<PostBody>(context, cancellation);
        Post? post = null;
        if ((unreadable ?? Read(identity!, key, body!, out post)) is { } problem)
        {
            return problem;
        }

        // A server with the key posts for many people.
        if (identity!.Kind != IdentityKind.Server && gate.Visit(id, context.ClientAddress()) is { } later)
        {
            metrics.Refused(RejectReason.RoomLimit);
            context.Response.SetRetryAfter(later);
            return Problems.Refusal(StatusCodes.Status429TooManyRequests, RejectReason.RoomLimit, "Too many rooms are open from this address.");
        }

        return Answer(context, await rooms.PostAsync(id, post!, marks.Of(settings.Connection.ClientOf(context.ClientAddress())), cancellation));
    }

    private IResult Answer(HttpContext context, PostResult result) => result switch
    {
        PostResult.Accepted accepted => Ok(accepted.Position, accepted.State),
        PostResult.Repeated repeated => Repeated(context, repeated),
        PostResult.Rejected rejected => Rejected(context, rejected),
        _ => Results.Problem(
            "It is not known whether this was posted. Send it again with the same key.", statusCode: StatusCodes.Status504GatewayTimeout),
    };

    private IResult? Read(Identity identity, string? key, PostBody body, out Post? post)
    {
        post = null;
        if (CheckKey(key) is { } wrongKey)
        {
            return wrongKey;
        }

        if (body.Text is null)
        {
            return Refuse(RejectReason.FieldMissing, "text");
        }

        if ((ClientMessage.TryReadStyle(body.Mode, body.Color, body.Size, out var style)
            ?? (body.At is < 0 or > Position.MaxInteger ? "at" : null)) is { } field)
        {
            return Refuse(RejectReason.FieldInvalid, field);
        }

        if (TextRules.Check(body.Text, settings.Room.MaxTextChars, out var text) is { } reason)
        {
            return Refuse(reason);
        }

        if (admission.Name(identity, body.Name, out var name) is not null)
        {
            return Refuse(RejectReason.Forbidden);
        }

        var deadline = (time.GetUtcNow() + settings.Connection.PostDeadline).ToUnixTimeMilliseconds();
        post = new Post(key is null ? PostIds.New() : PostId.FromKey(key), name, text, style, body.At, deadline) { User = identity.User, Role = identity.Role };
        return null;
    }

    /// <param name="key">An <c>Idempotency-Key</c>; null for none.</param>
    /// <returns>Null, or the answer to one that cannot be one.</returns>
    public static IResult? CheckKey(string? key) =>
        key is not null && (key.Length is 0 or > MaxKeyChars || key.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            ? Results.Problem("An Idempotency-Key has 1 to 128 printable ASCII characters.", statusCode: StatusCodes.Status400BadRequest)
            : null;

    private IResult Refuse(RejectReason reason, string? field = null)
    {
        metrics.Refused(reason);
        return Problems.Refusal(StatusCodes.Status400BadRequest, reason, reason.Message(field));
    }

    /// <summary>A repeat costs nothing.</summary>
    private IResult Repeated(HttpContext context, PostResult.Repeated repeated)
    {
        limiter.Return(context.ClientAddress());
        return Ok(repeated.Position, repeated.State);
    }

    public static IResult Ok(Position position, PostState state) =>
        Results.Ok(new PostReply(new PositionReply(position.Epoch, position.Offset), state == PostState.Saved));

    public static IResult Rejected(HttpContext context, PostResult.Rejected rejected)
    {
        var isTemporary = rejected.RetryAfter is not null || rejected.Reason is RejectReason.Expired;
        if (isTemporary)
        {
            context.Response.SetRetryAfter(rejected.RetryAfter ?? TimeSpan.Zero);
        }

        var status = isTemporary ? StatusCodes.Status503ServiceUnavailable
            : rejected.Reason == RejectReason.Forbidden ? StatusCodes.Status403Forbidden
            : rejected.Reason == RejectReason.NotFound ? StatusCodes.Status404NotFound
            : StatusCodes.Status400BadRequest;
        return Problems.Refusal(status, rejected.Reason);
    }
}
