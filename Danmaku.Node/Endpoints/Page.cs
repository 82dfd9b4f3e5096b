using System.Security.Cryptography;
using Danmaku.HttpCache.Policy;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;

namespace Danmaku.Node.Endpoints;

/// <summary>The page at <c>/</c> and its files, as Danmaku.Web built them; a short text if it was not built.</summary>
internal sealed class Page(IWebHostEnvironment environment)
{
    private const string NoCache = "no-cache";

    /// <summary>
    /// Browsers request the page each time. Edges ask the origin at most every few seconds, and may use the stored page for a day if no origin answers.
    /// </summary>
    private const string AtEdges = "max-age=5, stale-while-revalidate=30, stale-if-error=86400";

    private const string Forever = "public, max-age=31536000, immutable";

    private const string Policy =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; media-src 'self' blob:";

    private readonly (byte[] Html, EntityTagHeaderValue Tag) _index = Read(environment);

    public IResult Get(HttpContext context)
    {
        SetHeaders(context.Response, NoCache);
        return Results.Bytes(_index.Html, "text/html; charset=utf-8", entityTag: _index.Tag);
    }

    /// <summary>The names of files under <c>/assets</c> change with their content.</summary>
    public static void Prepare(StaticFileResponseContext file) =>
        SetHeaders(file.Context.Response, file.Context.Request.Path.StartsWithSegments("/assets") ? Forever : NoCache);

    private static void SetHeaders(HttpResponse response, string caching)
    {
        response.Headers.CacheControl = caching;
        if (caching == NoCache)
        {
            response.Headers[TargetedCacheControl.FieldName] = AtEdges;
        }

        response.Headers.ContentSecurityPolicy = Policy;
    }

    private static (byte[] Html, EntityTagHeaderValue Tag) Read(IWebHostEnvironment environment)
    {
        var file = environment.WebRootFileProvider.GetFileInfo("index.html");
        var html = file is { Exists: true, PhysicalPath: { } path } ? File.ReadAllBytes(path) : Absent;
        return (html, new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(html).AsSpan(0, 8))}\""));
    }

    private static byte[] Absent =>
    """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <title>Danmaku</title>
    <p>This node runs, but its page was left out of the build: install Node.js 20.19 or newer with npm and build again.
    WebSockets and the HTTP API work without it.</p>
    </html>
    """u8.ToArray();
}
