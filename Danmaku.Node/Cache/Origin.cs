using System.Net;
using System.Net.Sockets;
using System.Text;
using Danmaku.Core.Http;
using Danmaku.Node.Strangers;

namespace Danmaku.Node.Cache;

/// <summary>A request on its way to an origin.</summary>
/// <param name="Target">In the form of <see cref="RequestTarget"/>.</param>
/// <param name="Host">What to call the origin; null for its own name.</param>
internal sealed record OriginRequest(string Method, string Target, string? Host, IReadOnlyList<HttpField> Fields, IPAddress Client)
{
    /// <summary>Null where there is none.</summary>
    public ClientBody? Body { get; init; }
}

/// <summary>What an origin answers; its body is still arriving. Disposing of it ends that.</summary>
internal sealed class OriginResponse(int status, IReadOnlyList<HttpField> fields, Stream body, IDisposable owner) : IDisposable
{
    public int Status => status;

    /// <summary>Whether it comes from this process, since no origin could be asked.</summary>
    public bool IsInstead { get; init; }

    public IReadOnlyList<HttpField> Fields => fields;

    public Stream Body => body;

    /// <summary>Null where it is not known before the end.</summary>
    public long? Length => long.TryParse(fields.Only("Content-Length"), out var length) && length >= 0 ? length : null;

    public void Dispose()
    {
        body.Dispose();
        owner.Dispose();
    }
}

/// <summary>An origin would have to be connected to, and there are no descriptors for strangers.</summary>
internal sealed class NoDescriptorsException() : HttpRequestException("There are no file descriptors left for connections to origins.")
{
    /// <summary>Whether it is the reason of another.</summary>
    public static bool IsReasonOf(Exception? error) => error is not null && (error is NoDescriptorsException || IsReasonOf(error.InnerException));
}

/// <summary>Where content comes from.</summary>
internal interface IOrigin
{
    /// <summary>Ends when the head of the answer is here.</summary>
    /// <exception cref="HttpRequestException">There is none.</exception>
    Task<OriginResponse> SendAsync(OriginRequest request, CancellationToken cancellation);
}

/// <summary>An origin reached over HTTP.</summary>
internal sealed class RemoteOrigin(Uri address, HttpMessageInvoker http) : IOrigin
{
    private static readonly UriCreationOptions AsItIs = new() { DangerousDisablePathAndQueryCanonicalization = true };

    public Uri Address => address;

    /// <summary>The pool of connections that all remote origins share. It opens none where descriptors are short; those that are open serve on.</summary>
    public static HttpMessageInvoker CreateClient(Descriptors descriptors) => new(new SocketsHttpHandler
    {
        ConnectCallback = (context, cancellation) => descriptors.HasRoom ? ConnectAsync(context.DnsEndPoint, cancellation) : throw new NoDescriptorsException(),
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

        // Field values are bytes, whatever they mean (RFC 9110 §5.5): they go through as they come, in both directions.
        ResponseHeaderEncodingSelector = (_, _) => Encoding.Latin1,
        RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
    });

    public async Task<OriginResponse> SendAsync(OriginRequest request, CancellationToken cancellation)
    {
        // What is asked for is what is the key: nothing may change it on the way.
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
        return new OriginResponse((int)response.StatusCode, fields, await response.Content.ReadAsStreamAsync(cancellation), response);
    }

    private static async ValueTask<Stream> ConnectAsync(DnsEndPoint origin, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(origin, cancellation);
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
                // Kestrel would refuse to send it on.
                if (!value.AsSpan().ContainsAnyInRange('\0', '\b') && !value.AsSpan().ContainsAnyInRange('\n', '\x1f') && !value.Contains('\x7f', StringComparison.Ordinal))
                {
                    fields.Add(new HttpField(name, value));
                }
            }
        }
    }
}
