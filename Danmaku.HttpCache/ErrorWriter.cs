using Danmaku.HttpCache.Policy;

namespace Danmaku.HttpCache;

/// <summary>Writes the error responses of the cache itself.</summary>
internal sealed class ErrorWriter(string name, ICacheObserver observer)
{
    /// <summary>When a client should retry if this node had no connection left for the upstream.</summary>
    private const string RetryAfterSeconds = "5";

    public Task FailAsync(HttpContext context, int status, CacheStatus how)
    {
        observer.Answered("error");
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["Cache-Status"] = how.ToString();
        context.Response.Headers.Via = Via.Append(null, name);
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = RetryAfterSeconds;
        }

        var detail = status switch
        {
            StatusCodes.Status405MethodNotAllowed => "This method is not passed on.",
            StatusCodes.Status413PayloadTooLarge => "The body is too large.",
            StatusCodes.Status502BadGateway => "The origin's answer could not be understood.",
            StatusCodes.Status503ServiceUnavailable => "This edge can open no more connections at the moment.",
            StatusCodes.Status504GatewayTimeout => "No origin has answered, and nothing that is stored may stand in for it.",
            StatusCodes.Status508LoopDetected => "This request has been here before.",
            _ => "The request could not be read.",
        };
        return Results.Problem(detail, statusCode: status).ExecuteAsync(context);
    }
}
