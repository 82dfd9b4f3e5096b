using System.Net;
using System.Net.Sockets;
using System.Text;
using Danmaku.HttpCache.Policy;

namespace Danmaku.HttpCache.Upstreams;

/// <summary>A web server, reached by HTTP/1.1 or, with <c>https</c>, by the version that TLS negotiates. Two with the same address are equal.</summary>
/// <param name="address">Its scheme and authority; a path is ignored.</param>
/// <param name="http">See <see cref="CreateClient"/>.</param>
public sealed class HttpUpstream(Uri address, HttpMessageInvoker http) : IUpstream, IEquatable<HttpUpstream>
{
    private static readonly UriCreationOptions AsItIs = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <summary>Its scheme and authority.</summary>
    public Uri Address => address;

    /// <summary>The pool of connections that all upstreams of a process should share. The caller disposes of it.</summary>
    /// <param name="beforeConnecting">Called before a connection is opened; it throws <see cref="UpstreamBusyException"/> to prevent that.</param>
    public static HttpMessageInvoker CreateClient(Action? beforeConnecting = null) => new(new SocketsHttpHandler
    {
        ConnectCallback = (context, cancellation) =>
        {
            beforeConnecting?.Invoke();
            return ConnectAsync(context.DnsEndPoint, cancellation);
        },
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(2),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        MaxConnectionsPerServer = 256,
        MaxResponseHeadersLength = 64,

        // Field values are bytes of any meaning (RFC 9110 §5.5): they pass unchanged in both directions.
        ResponseHeaderEncodingSelector = (_, _) => Encoding.Latin1,
        RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
    });

    public async Task<UpstreamResponse> SendAsync(UpstreamRequest request, CancellationToken cancellation)
    {
        // The requested target is the cache key: nothing may change it.
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), new Uri(address.GetLeftPart(UriPartial.Authority) + request.Target, AsItIs));
        if (request.Body is { } body)
        {
            message.Content = new StreamContent(body);
        }

        foreach (var field in request.Fields)
        {
            if (!message.Headers.TryAddWithoutValidation(field.Name, field.Value))
            {
                message.Content?.Headers.TryAddWithoutValidation(field.Name, field.Value);
            }
        }

        message.Headers.Host = request.Host;
        var response = await http.SendAsync(message, cancellation);
        var fields = new List<HttpField>();
        Add(fields, response.Headers.NonValidated);
        Add(fields, response.Content.Headers.NonValidated);
        return new UpstreamResponse((int)response.StatusCode, fields, await response.Content.ReadAsStreamAsync(cancellation), response);
    }

    public bool Equals(HttpUpstream? other) => other is not null && other.Address == address;

    public override bool Equals(object? obj) => Equals(obj as HttpUpstream);

    public override int GetHashCode() => address.GetHashCode();

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint upstream, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(upstream, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void Add(List<HttpField> fields, System.Net.Http.Headers.HttpHeadersNonValidated headers)
    {
        foreach (var (name, values) in headers)
        {
            foreach (var value in values)
            {
                // Kestrel would refuse to send it.
                if (!value.AsSpan().ContainsAnyInRange('\0', '\b')
                    && !value.AsSpan().ContainsAnyInRange('\n', '\x1f') && !value.Contains('\x7f', StringComparison.Ordinal))
                {
                    fields.Add(new HttpField(name, value));
                }
            }
        }
    }
}
