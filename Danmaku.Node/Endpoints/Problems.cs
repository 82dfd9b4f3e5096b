using System.Globalization;
using System.Net;
using Danmaku.Core.Rooms;
using Microsoft.AspNetCore.Connections;

namespace Danmaku.Node.Endpoints;

/// <summary>Problem documents (RFC 9457), and the client's address of a request.</summary>
internal static class Problems
{
    public static Task WriteAsync(HttpContext context, int status, string detail) =>
        Results.Problem(detail, statusCode: status).ExecuteAsync(context);

    /// <summary>A refusal with a reason of docs/protocol.md §6.</summary>
    public static IResult Refusal(int status, RejectReason reason, string? detail = null) =>
        Results.Problem(detail ?? reason.Message(), statusCode: status, extensions: [new("reason", reason.Name())]);

    /// <summary>Ends a request whose body could not be read: it was invalid, or the client has gone; then the rest must not be read.</summary>
    /// <returns>The status of the answer.</returns>
    public static int GiveUpBody(HttpContext context, Exception failure)
    {
        if (failure is ConnectionResetException)
        {
            context.Abort();
        }

        return failure is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status400BadRequest;
    }

    /// <summary>Sets <c>Retry-After</c>, in whole seconds.</summary>
    public static void SetRetryAfter(this HttpResponse response, TimeSpan wait) =>
        response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    /// <summary>The client's address, or that of the last proxy that is not trusted; IPv4 in its own form, IPv6 without a zone.</summary>
    public static IPAddress ClientAddress(this HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
            : address.IsIPv6LinkLocal ? new IPAddress(address.GetAddressBytes())
            : address;
    }
}
