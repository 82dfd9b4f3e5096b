using System.Globalization;
using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Upstreams;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Danmaku.HttpCache;

/// <summary>Forwards requests to the upstream, and responses to the one client that asked. It stores nothing.</summary>
internal sealed class RequestForwarder(CacheParts parts, CacheWriter writer, ErrorWriter errors)
{
    /// <summary>Forwards a request.</summary>
    /// <param name="why">Why it is forwarded (RFC 9211 §2.2).</param>
    public async Task PassOnAsync(HttpContext context, CacheRequest request, string why)
    {
        var method = context.Request.Method;
        var status = new CacheStatus(parts.Name) { Forwarded = why };
        var body = HasBody(context) ? new ClientBody(context.Request.Body) : null;
        if (body is not null && !MayRead(context))
        {
            await errors.FailAsync(context, StatusCodes.Status413PayloadTooLarge, status);
            return;
        }

        var (response, failure) = await SendAsync(context, parts.ToOrigin(request, method, whole: false) with { Body = body }, body);
        if (response is null)
        {
            await errors.FailAsync(context, failure, status);
            return;
        }

        using (response)
        {
            if (CachePolicy.Invalidates(method, response.Status))
            {
                Invalidate(context, request, response.Fields);
            }

            await PassBackAsync(context, request, response, status);
        }
    }

    /// <summary>Sends a fetched response that no other client may get.</summary>
    /// <returns>False if a slice was fetched that does not answer the client's request.</returns>
    public async Task<bool> TryPassBackAsync(HttpContext context, CacheRequest request, UpstreamResponse response, CollapsedFetch fill, CacheStatus status)
    {
        if (AnswerFrom(response, fill, HttpMethods.IsHead(context.Request.Method)) is not { } answer)
        {
            return false;
        }

        await PassBackAsync(context, request, answer, status);
        return true;
    }

    private static bool HasBody(HttpContext context) =>
        context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true }
        && !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method);

    /// <summary>Sets the limit for the request's body.</summary>
    /// <returns>False if its declared length is over the limit.</returns>
    private bool MayRead(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = parts.Options.MaxRequestBytes;
        }

        return !(context.Request.ContentLength > parts.Options.MaxRequestBytes);
    }

    /// <returns>The response, or the status to answer with if there is none.</returns>
    private async Task<(UpstreamResponse? Response, int Failure)> SendAsync(HttpContext context, UpstreamRequest request, ClientBody? body)
    {
        try
        {
            return (await parts.Upstream.SendAsync(request, context.RequestAborted), 0);
        }
        catch (Exception) when (body?.Failure is { } failure)
        {
            return (null, GiveUpBody(context, failure));
        }
        catch (UpstreamBusyException)
        {
            return (null, StatusCodes.Status503ServiceUnavailable);
        }
        catch (Exception error) when (error is HttpRequestException or TimeoutException or IOException)
        {
            return (null, StatusCodes.Status504GatewayTimeout);
        }
    }

    /// <summary>RFC 9111 §4.4: the target, and what Location and Content-Location name on the same site.</summary>
    private void Invalidate(HttpContext context, CacheRequest request, IReadOnlyList<HttpField> response)
    {
        parts.Store.Invalidate(request.Key);
        if (!Uri.TryCreate($"{context.Request.Scheme}://{context.Request.Headers.Host}{request.Key.Target}", UriKind.Absolute, out var here))
        {
            // HTTP/1.0 needs no Host, so it is unknown which other URLs are on the same site.
            return;
        }

        foreach (var name in (string[])["Location", "Content-Location"])
        {
            if (response.Only(name) is { } location
                && Uri.TryCreate(here, location, out var there)
                && there.Authority == here.Authority
                && RequestTarget.Normalise(there.PathAndQuery) is { } target)
            {
                parts.Store.Invalidate(request.Key with { Target = target });
            }
        }
    }

    /// <summary>The response as the client gets it; null if a slice was fetched that does not answer the client's request.</summary>
    private static UpstreamResponse? AnswerFrom(UpstreamResponse response, CollapsedFetch fill, bool isHead) => response.Status switch
    {
        _ when fill.Request.Slice is null => response,
        StatusCodes.Status206PartialContent =>
            isHead && ContentRange.Parse(response.Fields.Only("Content-Range")) is { } part ? HeadOf(response, part.Complete) : null,
        StatusCodes.Status416RangeNotSatisfiable when isHead => null,
        _ => response,
    };

    /// <summary>Makes the head of the whole response from the head of a part.</summary>
    private static UpstreamResponse HeadOf(UpstreamResponse part, long complete)
    {
        var fields = part.Fields.Where(field => !field.Is("Content-Range") && !field.Is("Content-Length"));
        var length = new HttpField("Content-Length", complete.ToString(CultureInfo.InvariantCulture));
        return new UpstreamResponse(StatusCodes.Status200OK, [.. fields, length], Stream.Null, Stream.Null);
    }

    private async Task PassBackAsync(HttpContext context, CacheRequest request, UpstreamResponse response, CacheStatus status)
    {
        var isRead = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        var cut = isRead
            ? writer.Choose(context, request.Fields, response.Status, response.Fields, response.Length)
            : new Cut(response.Status, null, response.Length);
        await writer.PassAsync(
            context, response, cut, new Provenance(Outcome.Miss, CacheWriter.Upstream, status.ToString(), false), parts.Options.Timeout);
    }

    /// <summary>
    /// Ends a request whose body could not be read: it was malformed, or the client disconnected, and then the server must not wait for the rest.
    /// </summary>
    /// <returns>The status to answer with.</returns>
    private static int GiveUpBody(HttpContext context, Exception failure)
    {
        if (failure is ConnectionResetException)
        {
            context.Abort();
        }

        return failure is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status400BadRequest;
    }
}
