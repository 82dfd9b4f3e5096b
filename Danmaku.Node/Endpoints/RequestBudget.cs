using System.Net;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Node.Options;

namespace Danmaku.Node.Endpoints;

/// <summary>
/// Refuses requests of an address that makes too many, before anything else handles them: 429 with <c>Retry-After</c> (docs/protocol.md §9). Requests of other
/// nodes of the cluster, and requests for the node's health, are not counted.
/// </summary>
internal sealed class RequestBudget(RequestDelegate next, ConnectionOptions options, IRooms rooms, DanmakuMetrics metrics, TimeProvider time)
{
    /// <summary>
    /// How long a refusal is delayed. A refusal costs about as much as a small answer, but a connection that waits for it sends no more requests.
    /// </summary>
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(1);

    private readonly AddressLimiter _limiter = AddressLimiter.OfRequests(options, time);

    public Task InvokeAsync(HttpContext context)
    {
        var address = context.ClientAddress();
        return context.Request.Path.StartsWithSegments("/health") || _limiter.TryTake(address) is not { } wait || IsNode(address)
            ? next(context)
            : RefuseAsync(context, wait);
    }

    private async Task RefuseAsync(HttpContext context, TimeSpan wait)
    {
        metrics.RequestRefused();
        try
        {
            await Task.Delay(Delay, time, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        context.Response.Headers.CacheControl = "no-store";
        context.Response.SetRetryAfter(wait);
        await Problems.Refusal(StatusCodes.Status429TooManyRequests, RejectReason.RateLimited, "Too many requests from this address.").ExecuteAsync(context);
    }

    /// <summary>Whether another node has this address.</summary>
    private bool IsNode(IPAddress address)
    {
        var status = rooms.Status;
        return status.Members.Any(member =>
            member.Name != status.Node && Uri.TryCreate(member.Address, UriKind.Absolute, out var url) && IPAddress.TryParse(url.DnsSafeHost, out var host)
            && host.Equals(address));
    }
}
