using System.Net;
using Danmaku.HttpCache.Policy;

namespace Danmaku.HttpCache.Upstreams;

/// <summary>Where content comes from. Thread-safe.</summary>
public interface IUpstream
{
    /// <summary>Ends when the head of the answer is here.</summary>
    /// <exception cref="HttpRequestException">There is none; answered with 504, or with 502 where it could not be understood.</exception>
    /// <exception cref="UpstreamBusyException">None was asked.</exception>
    /// <exception cref="TimeoutException">It took too long; answered with 504.</exception>
    Task<UpstreamResponse> SendAsync(UpstreamRequest request, CancellationToken cancellation);
}

/// <summary>A request on its way to an upstream.</summary>
/// <param name="Method">A token (RFC 9110 §9.1).</param>
/// <param name="Target">Path and query (origin-form, RFC 9112 §3.2.1), normalised: what is the key, and to be asked for just so.</param>
/// <param name="Host">What to call the upstream; null for its own name.</param>
/// <param name="Fields">Without <c>Host</c> and those of a connection or a body's length.</param>
/// <param name="Client">Who asks.</param>
public sealed record UpstreamRequest(string Method, string Target, string? Host, IReadOnlyList<HttpField> Fields, IPAddress Client)
{
    /// <summary>To be read once and without a seek; null where there is none.</summary>
    public Stream? Body { get; init; }

    /// <summary>Whether the client has failed to send the rest of the body.</summary>
    internal bool HasBrokenBody => Body is ClientBody { Failure: not null };
}

/// <summary>What an upstream answers; its body is still arriving. Disposing of it ends that.</summary>
/// <param name="status">The final status code (RFC 9110 §15).</param>
/// <param name="fields">As received.</param>
/// <param name="body">Empty where the status or the method allows none.</param>
/// <param name="owner">Disposed of after <paramref name="body"/>.</param>
public sealed class UpstreamResponse(int status, IReadOnlyList<HttpField> fields, Stream body, IDisposable owner) : IDisposable
{
    /// <summary>The final status code.</summary>
    public int Status => status;

    /// <summary>Whether it comes from <see cref="UpstreamGroup.Instead"/>, since no other could be asked.</summary>
    public bool IsInstead { get; init; }

    /// <summary>As received.</summary>
    public IReadOnlyList<HttpField> Fields => fields;

    /// <summary>The body, without the coding of the transfer.</summary>
    public Stream Body => body;

    /// <summary>Bytes of the body; null where that is not known before its end.</summary>
    public long? Length => long.TryParse(fields.Only("Content-Length"), out var length) && length >= 0 ? length : null;

    public void Dispose()
    {
        body.Dispose();
        owner.Dispose();
    }
}

/// <summary>This process cannot ask an upstream at the moment, and none is to blame. Answered with 503 and <c>Retry-After</c>.</summary>
public sealed class UpstreamBusyException(string message) : HttpRequestException(message)
{
    /// <summary>Whether it is the reason of another.</summary>
    internal static UpstreamBusyException? Of(Exception? error) => error as UpstreamBusyException ?? (error is null ? null : Of(error.InnerException));
}
