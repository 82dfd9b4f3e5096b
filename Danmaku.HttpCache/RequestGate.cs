using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;
using Microsoft.AspNetCore.Http.Features;

namespace Danmaku.HttpCache;

/// <summary>Decides which requests the cache answers, and under which key it looks for them. Reads nothing but their heads.</summary>
internal sealed class RequestGate(HttpCacheOptions options)
{
    private readonly FrozenSet<string> _methods = options.Methods.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The methods that pass, as <c>Allow</c> names them.</summary>
    public string Allow { get; } = string.Join(", ", ["GET", "HEAD", .. options.Methods]);

    /// <param name="key">Where the answer is stored, or will be.</param>
    /// <param name="refusal">Why the request does not pass; null where it does.</param>
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

        // As it came: the framework would decode an international name, and fail with one that is none.
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
            // What a method means that nobody has named, this cache and its upstream need not agree on.
            return Refusal.Method;
        }

        if (headers.TransferEncoding.Count > 0 && (headers.ContentLength is not null || headers.ContainsKey("X-Content-Length")))
        {
            // Two lengths for one body: some hop may see another request in it (RFC 9112 §6.3).
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
