using Danmaku.Core.Limits;
using Danmaku.Node.Endpoints;

namespace Danmaku.Node.Strangers;

/// <summary>The first that a request meets: it counts in the memory budget, and is refused when that is used up.</summary>
internal sealed class RequestGate(RequestDelegate next, MemoryBudget memory)
{
    /// <summary>When to come again.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    public Task InvokeAsync(HttpContext context)
    {
        // Who balances looks there, also in such times; the answers are small.
        if (context.Request.Path.StartsWithSegments("/health"))
        {
            return next(context);
        }

        // A WebSocket's request is over at once, and what the viewer takes is the connection's.
        var bytes = context.Request.Headers.Upgrade.Count > 0 ? 0 : Costs.Request;
        return memory.TryEnter(MemoryKind.Requests, bytes) ? ServeAsync(context, bytes) : RefuseAsync(context, "This node has no memory left for more requests.");
    }

    /// <summary>503, and when to come again.</summary>
    public static Task RefuseAsync(HttpContext context, string why)
    {
        context.Response.SetRetryAfter(Soon);
        return Problems.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, why);
    }

    private async Task ServeAsync(HttpContext context, int bytes)
    {
        try
        {
            await next(context);
        }
        finally
        {
            memory.Return(MemoryKind.Requests, bytes);
        }
    }
}
