using System.Globalization;
using System.Net;
using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;

namespace Danmaku.HttpCache;

/// <summary>A request without its connection.</summary>
/// <param name="Host">The host for the origin; null for its own name.</param>
internal sealed record CacheRequest(CacheKey Key, RequestHead Head, string? Host, IPAddress Client, string Scheme)
{
    public IReadOnlyList<HttpField> Fields => Head.Fields;

    /// <summary>The slice to fetch; null if none.</summary>
    public ByteRange? Slice { get; private init; }

    /// <summary>The part to fetch, as a <c>Range</c>; null for the whole.</summary>
    public string? Range { get; private init; }

    /// <param name="sendsHost">Whether an origin gets the client's <c>Host</c>.</param>
    public static CacheRequest Of(HttpContext context, CacheKey key, bool sendsHost)
    {
        var fields = new List<HttpField>();
        foreach (var (name, values) in context.Request.Headers)
        {
            foreach (var value in values)
            {
                fields.Add(new HttpField(name, value ?? ""));
            }
        }

        return new CacheRequest(
            key,
            new RequestHead(HttpMethods.IsHead(context.Request.Method) ? "GET" : context.Request.Method, fields),
            sendsHost && context.Request.Headers.Host is [{ Length: > 0 } host] ? host : null,
            AddressOf(context),
            context.Request.Scheme);
    }

    /// <param name="first">A byte of the slice.</param>
    /// <param name="bytes">Bytes of each slice but the last.</param>
    public CacheRequest ForSlice(long first, long bytes)
    {
        var number = first / bytes;
        var start = number * bytes;
        var slice = new ByteRange(start, start > long.MaxValue - bytes ? long.MaxValue - 1 : start + bytes - 1);
        return this with
        {
            Key = Key with { Part = string.Create(CultureInfo.InvariantCulture, $"slice {number}") },
            Slice = slice,
            Range = new RangeSpec(slice.First, slice.Last).ToString(),
        };
    }

    /// <summary>A part that cannot be combined from slices, fetched exactly as requested.</summary>
    public CacheRequest ForPart(RangeSpec part) => this with { Key = Key with { Part = part.ToString() }, Range = part.ToString() };

    /// <summary>The client's address; IPv4 in its own form, IPv6 without a zone.</summary>
    private static IPAddress AddressOf(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
            : address.IsIPv6LinkLocal ? new IPAddress(address.GetAddressBytes())
            : address;
    }
}
