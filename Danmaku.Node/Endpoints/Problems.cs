using System.Globalization;
using System.Net;
using Danmaku.Core.Rooms;
using Microsoft.AspNetCore.Connections;

namespace Danmaku.Node.Endpoints;

/// <summary>Answers that are not what was asked for (RFC 9457), and what requests say about their sender.</summary>
internal static class Problems
{
    public static Task WriteAsync(HttpContext context, int status, string detail) =>
        Results.Problem(detail, statusCode: status).ExecuteAsync(context);

    /// <summary>A refusal in the words of docs/protocol.md §6.</summary>
    public static IResult Refusal(int status, RejectReason reason, string? detail = null) =>
        Results.Problem(detail ?? reason.Message(), statusCode: status, extensions: [new("reason", reason.Name())]);

    /// <summary>
    /// Ends a request whose body could not be read: the client has sent it wrongly, or has gone, and then nobody is to look for the rest of it.
    /// </summary>
    /// <returns>The status to answer with.</returns>
    public static int GiveUpBody(HttpContext context, Exception failure)
    {
        if (failure is ConnectionResetException)
        {
            context.Abort();
        }

        return failure is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status400BadRequest;
    }

    /// <summary>Says when to try again, in whole seconds.</summary>
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
