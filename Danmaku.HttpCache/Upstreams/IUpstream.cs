using System.Net;
using Danmaku.HttpCache.Policy;

namespace Danmaku.HttpCache.Upstreams;

/// <summary>A source of content. Thread-safe.</summary>
public interface IUpstream
{
    /// <summary>Completes when the head of the answer has arrived.</summary>
    /// <exception cref="HttpRequestException">There is no answer: 504; or it is invalid: 502.</exception>
    /// <exception cref="UpstreamBusyException">No upstream was asked.</exception>
    /// <exception cref="TimeoutException">It took too long; answered with 504.</exception>
    Task<UpstreamResponse> SendAsync(UpstreamRequest request, CancellationToken cancellation);
}

/// <summary>A request on its way to an upstream.</summary>
/// <param name="Method">A token (RFC 9110 §9.1).</param>
/// <param name="Target">Path and query (origin-form, RFC 9112 §3.2.1), normalised: the cache key, to be sent unchanged.</param>
/// <param name="Host">The upstream's host name; null for its own.</param>
/// <param name="Fields">The fields without <c>Host</c>, connection fields and the body's length.</param>
/// <param name="Client">The client's address.</param>
public sealed record UpstreamRequest(string Method, string Target, string? Host, IReadOnlyList<HttpField> Fields, IPAddress Client)
{
    /// <summary>Can be read once, without seeking; null if there is none.</summary>
    public Stream? Body { get; init; }

    /// <summary>Whether the client failed to send the rest of the body.</summary>
    internal bool HasBrokenBody => Body is ClientBody { Failure: not null };
}

/// <summary>An upstream's answer; its body is still arriving. Disposing of it ends the transfer.</summary>
/// <param name="status">The final status code (RFC 9110 §15).</param>
/// <param name="fields">As received.</param>
/// <param name="body">Empty if the status or the method allows none.</param>
/// <param name="owner">Disposed of after <paramref name="body"/>.</param>
public sealed class UpstreamResponse(int status, IReadOnlyList<HttpField> fields, Stream body, IDisposable owner) : IDisposable
{
    /// <summary>The final status code.</summary>
    public int Status => status;

    /// <summary>Whether it comes from <see cref="UpstreamGroup.Instead"/>, because no other upstream answered.</summary>
    public bool IsInstead { get; init; }

    /// <summary>As received.</summary>
    public IReadOnlyList<HttpField> Fields => fields;

    /// <summary>The body, without transfer coding.</summary>
    public Stream Body => body;

    /// <summary>Bytes of the body; null when unknown before its end.</summary>
    public long? Length => long.TryParse(fields.Only("Content-Length"), out var length) && length >= 0 ? length : null;

    public void Dispose()
    {
        body.Dispose();
        owner.Dispose();
    }
}

/// <summary>This process cannot ask an upstream now, which is not the upstream's fault. Answered with 503 and <c>Retry-After</c>.</summary>
public sealed class UpstreamBusyException(string message) : HttpRequestException(message)
{
    /// <summary>Finds it among the causes of an error.</summary>
    internal static UpstreamBusyException? Of(Exception? error) => error as UpstreamBusyException ?? (error is null ? null : Of(error.InnerException));
}
