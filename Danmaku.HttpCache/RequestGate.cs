using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;
using Microsoft.AspNetCore.Http.Features;

namespace Danmaku.HttpCache;

/// <summary>Decides which requests the cache answers, and with which key it looks them up. It reads only their heads.</summary>
internal sealed class RequestGate(HttpCacheOptions options)
{
    private readonly FrozenSet<string> _methods = options.Methods.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The allowed methods, for the field <c>Allow</c>.</summary>
    public string Allow { get; } = string.Join(", ", ["GET", "HEAD", .. options.Methods]);

    /// <param name="key">The key of the stored response.</param>
    /// <param name="refusal">Null if the request passes.</param>
    public bool TryPass(HttpContext context, out CacheKey key, [NotNullWhen(false)] out Refusal? refusal)
    {
        key = default;
        var request = context.Request;
        var raw = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (RequestTarget.Normalise(raw) is not { } target)
        {
            refusal = Refusal.Target;
            return false;
        }

        // The raw header: the framework decodes an international name, and throws if it is malformed.
        var host = request.Headers.Host.ToString();
        refusal = Check(request, host);
        key = new CacheKey(target, options.ForwardHost ? request.Scheme + "://" + host.ToLowerInvariant() : request.Scheme);
        return refusal is null;
    }

    private Refusal? Check(HttpRequest request, string host)
    {
        var headers = request.Headers;
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && !_methods.Contains(request.Method))
        {
            // The cache and its upstream may disagree about what an unlisted method means.
            return Refusal.Method;
        }

        if (headers.TransferEncoding.Count > 0 && (headers.ContentLength is not null || headers.ContainsKey("X-Content-Length")))
        {
            // Two lengths for one body: another server may read part of the body as a second request (RFC 9112 §6.3).
            return Refusal.TwoLengths;
        }

        if (headers.Via.Count > 0 && Via.Names(headers.Via.ToString(), options.Name))
        {
            return Refusal.Loop;
        }

        return options.ForwardHost && host.Length > 0 && !Uri.TryCreate($"http://{host}/", UriKind.Absolute, out _) ? Refusal.Host : null;
    }
}

/// <summary>Why a request is refused before the cache looks for an answer.</summary>
/// <param name="Detail">For <c>Cache-Status</c>.</param>
internal sealed record Refusal(int Status, string Detail)
{
    public static readonly Refusal Target = new(StatusCodes.Status400BadRequest, "target");
    public static readonly Refusal Method = new(StatusCodes.Status405MethodNotAllowed, "method");
    public static readonly Refusal TwoLengths = new(StatusCodes.Status400BadRequest, "two-lengths");
    public static readonly Refusal Loop = new(StatusCodes.Status508LoopDetected, "loop");
    public static readonly Refusal Host = new(StatusCodes.Status400BadRequest, "host");
}
