using System.Net.Sockets;

namespace Danmaku.Node;

/// <summary>Why a program cannot listen on a port, for reasons that its operator can change.</summary>
internal sealed record PortTrouble(SocketError Error)
{
    /// <summary>Null for other errors.</summary>
    public static PortTrouble? Of(Exception? error)
    {
        while (error is not (null or SocketException))
        {
            error = error.InnerException;
        }

        var code = (error as SocketException)?.SocketErrorCode;
        return code is SocketError.AddressAlreadyInUse or SocketError.AccessDenied or SocketError.AddressNotAvailable
            ? new PortTrouble(code.Value)
            : null;
    }

    public string Describe(string address) => Error switch
    {
        SocketError.AddressAlreadyInUse => $"{address} is in use: another program listens there",
        SocketError.AccessDenied => $"{address} is not allowed: this user may not listen on that port",
        _ => $"{address} cannot be used: this machine has no such address",
    };

    /// <summary>A URL that is likely to work; empty for addresses without ports.</summary>
    public string Instead(BindingAddress url)
    {
        const int Unprivileged = 8000;
        return url.IsUnixPipe || url.IsNamedPipe ? "" : Error switch
        {
            SocketError.AddressAlreadyInUse => $"{url.Scheme}://{url.Host}:{url.Port % ushort.MaxValue + 1}",
            SocketError.AccessDenied => $"{url.Scheme}://{url.Host}:{(url.Port + Unprivileged) % ushort.MaxValue}",
            _ => $"{url.Scheme}://localhost:{url.Port}",
        };
    }
}
