using Danmaku.Core.Identities;
using Danmaku.Core.Limits;
using Danmaku.Core.Moderation;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Node.Conversations;
using Danmaku.Node.Options;
using Microsoft.AspNetCore.Mvc;

namespace Danmaku.Node.Endpoints;

/// <summary>What is to be taken back: exactly one of position, user and all.</summary>
/// <param name="Position">One danmaku.</param>
/// <param name="User">All that this person has said.</param>
/// <param name="Within">How far back for a person, milliseconds.</param>
/// <param name="All">True: everything.</param>
internal sealed record RecallBody(PositionBody? Position, string? User, long? Within, bool? All);

internal sealed record PositionBody(long? Epoch, long? Offset);

/// <summary><c>POST /api/rooms/{room}/recalls</c> (docs/protocol.md §9).</summary>
internal sealed class RecallEndpoint(
    NodeSettings settings, IRooms rooms, RequestCallers callers, AddressLimiter limiter, ClientMarks marks, DanmakuMetrics metrics, TimeProvider time)
{
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

        var (body, unreadable) = await JsonBody.ReadAsync<RecallBody>(context, cancellation);
        return unreadable ?? Read(body!, key, out var order) ?? await RecallAsync(context, id, order!, key, identity!, cancellation);
    }

    private IResult? Read(RecallBody body, string? key, out RecallOrder? order)
    {
        order = null;
        Position? position = body.Position is { Epoch: > 0 and <= Position.MaxInteger and var epoch, Offset: >= 0 and <= Position.MaxInteger and var offset }
            ? new Position(epoch, offset)
            : null;
        if (PostEndpoint.CheckKey(key) is { } wrongKey)
        {
            return wrongKey;
        }

        (RejectReason Reason, string Field)? problem = body.Position is not null && position is null
            ? (RejectReason.FieldInvalid, "position")
            : RecallOrder.TryMake(position, body.User, body.Within, body.All ?? false, out order);
        if (problem is not var (reason, field))
        {
            return null;
        }

        metrics.Refused(reason);
        return Problems.Refusal(StatusCodes.Status400BadRequest, reason, reason.Message(field));
    }

    private async Task<IResult> RecallAsync(
        HttpContext context, RoomId room, RecallOrder order, string? key, Identity identity, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var post = PostGate.Recalling(
            key is null ? PostIds.New() : PostId.FromKey(key),
            order.At(now.ToUnixTimeMilliseconds()),
            identity,
            (now + settings.Connection.PostDeadline).ToUnixTimeMilliseconds());
        return await rooms.PostAsync(room, post, marks.Of(settings.Connection.ClientOf(context.ClientAddress())), cancellation) switch
        {
            PostResult.Accepted accepted => PostEndpoint.Ok(accepted.Position, accepted.State),
            PostResult.Repeated repeated => PostEndpoint.Ok(repeated.Position, repeated.State),
            PostResult.Rejected rejected => PostEndpoint.Rejected(context, rejected),
            _ => Results.Problem(
                "Nobody knows whether it was taken back. Send it again with the same key.", statusCode: StatusCodes.Status504GatewayTimeout),
        };
    }
}
