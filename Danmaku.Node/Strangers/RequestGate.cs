using Danmaku.Core.Limits;
using Danmaku.Node.Endpoints;

namespace Danmaku.Node.Strangers;

/// <summary>The first middleware: counts a request in the memory budget, and refuses it when that is used up.</summary>
internal sealed class RequestGate(RequestDelegate next, MemoryBudget memory)
{
    /// <summary>When to try again.</summary>
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    public Task InvokeAsync(HttpContext context)
    {
        // Load balancers check health also when memory is used up; the answers are small.
        if (context.Request.Path.StartsWithSegments("/health"))
        {
            return next(context);
        }

        // A WebSocket's request ends at once; the viewer's memory counts for the connection.
        var bytes = context.Request.Headers.Upgrade.Count > 0 ? 0 : Costs.Request;
        return memory.TryEnter(MemoryKind.Requests, bytes)
            ? ServeAsync(context, bytes)
            : RefuseAsync(context, "This node has no memory left for more requests.");
    }

    /// <summary>Answers 503 with <c>Retry-After</c>.</summary>
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
