using System.Globalization;
using Danmaku.HttpCache.Policy;
using Microsoft.Extensions.Primitives;

namespace Danmaku.HttpCache.Storage;

/// <summary>The primary key of a response (RFC 9111 §2).</summary>
/// <param name="Target">In the form of <see cref="RequestTarget"/>.</param>
/// <param name="Site">The scheme, and the host where origins have several sites.</param>
/// <param name="Part">Null for the resource itself; else which slice, or which part as it was asked for.</param>
internal readonly record struct CacheKey(string Target, string Site, string? Part = null)
{
    public CacheKey Resource => this with { Part = null };
}

/// <summary>A stored response. Its head is replaced as a whole when it is validated.</summary>
internal sealed class CacheEntry(CacheKey key, StoredHead head, CachedBody? body)
{
    private volatile StoredHead _head = head;
    private volatile CachedBody? _body = body;

    public CacheKey Key => key;

    public StoredHead Head
    {
        get => _head;
        set => _head = value;
    }

    /// <summary>In memory; null where it is on disk alone.</summary>
    public CachedBody? Body
    {
        get => _body;
        set => _body = value;
    }

    /// <summary>Bytes of the body, once it is complete.</summary>
    public long Length { get; set; }

    /// <summary>Bytes of the whole body of which this is a slice, or which is in slices beside this; null where the body is here as it was received.</summary>
    public long? Complete { get; init; }

    /// <summary>Whether this is the head of a body in slices, which are entries of their own.</summary>
    public bool IsSliced => Complete is not null && key.Part is null;

    /// <summary>What its slices must have in common with it; null where it has no strong validator.</summary>
    public string? Validator => Policy.Validator.Of(Head.Fields, Head.Response.ResponseTime);

    public bool IsRemoved { get; set; }

    /// <summary>
    /// It has tags, and was found on disk at the start: it may have been purged while this node was not there to hear it, so it is not
    /// used before the origin has been asked.
    /// </summary>
    public bool IsUnchecked { get; set; }

    public EvictionQueue<CacheEntry>.Slot? InMemory { get; set; }

    public EvictionQueue<CacheEntry>.Slot? OnDisk { get; set; }

    /// <summary>Its files; null where it has none.</summary>
    public DiskFile? File { get; set; }

    /// <summary>Tells variants of a resource apart, and the same one from its successor.</summary>
    public int Hash => HashCode.Combine(key, Head.VaryKey);
}

/// <summary>Where a body is on disk.</summary>
/// <param name="Digest">SHA-256 of the body.</param>
internal sealed record DiskFile(string Id, byte[] Digest);

/// <summary>Status and fields of a stored response, and what was worked out from them.</summary>
internal sealed class StoredHead
{
    /// <summary>Most tags of a response; the rest is passed over.</summary>
    public const int MaxTags = 64;

    /// <summary>Longer tags are passed over.</summary>
    public const int MaxTagChars = 128;

    /// <summary>For purging; not for clients.</summary>
    public const string TagField = "Cache-Tag";

    private PerSecond? _perSecond;

    private StoredHead(ResponseHead response, Freshness freshness, Vary? vary, string varyKey)
    {
        (Response, Freshness, Vary, VaryKey) = (response, freshness, vary, varyKey);
        Tags = ReadTags(response.Fields);
        Lines =
        [
            .. response.Fields
                .Where(field => IsSent(field.Name))
                .GroupBy(field => field.Name, StringComparer.OrdinalIgnoreCase)
                .Select(group => KeyValuePair.Create(group.Key, new StringValues([.. group.Select(field => field.Value)]))),
        ];
        if (ExpiresOf(response) is { } expires)
        {
            Expires = expires;
            Lines = [.. Lines, KeyValuePair.Create("Expires", new StringValues(expires))];
        }

        if (response.Status == StatusCodes.Status200OK && !response.Fields.Has("Accept-Ranges"))
        {
            Lines = [.. Lines, KeyValuePair.Create("Accept-Ranges", new StringValues("bytes"))];
        }
    }

    /// <summary>With stored fields only.</summary>
    public ResponseHead Response { get; }

    public Freshness Freshness { get; }

    public Vary? Vary { get; }

    /// <summary>
    /// <c>Expires</c> for clients that know no <c>max-age</c>: the same in other words (RFC 9111 §5.3). Null where there is no <c>max-age</c>, or the response
    /// has one of its own.
    /// </summary>
    public string? Expires { get; }

    /// <summary>Empty where there is no <see cref="Vary"/>.</summary>
    public string VaryKey { get; }

    public IReadOnlyList<string> Tags { get; }

    /// <summary>The fields as they are sent; age, length and what this hop adds come beside them.</summary>
    public KeyValuePair<string, StringValues>[] Lines { get; }

    public int Status => Response.Status;

    public IReadOnlyList<HttpField> Fields => Response.Fields;

    public static StoredHead Of(ResponseHead response, IReadOnlyList<HttpField> request, CacheRules rules)
    {
        var vary = Vary.Of(response.Fields);
        return Of(response, vary?.KeyOf(request) ?? "", rules);
    }

    /// <summary>What was stored before.</summary>
    public static StoredHead Of(ResponseHead response, string varyKey, CacheRules rules)
    {
        var fields = CachePolicy.FieldsToStore(response.Fields);
        if (!fields.Has("Date"))
        {
            // Who has a clock adds it (RFC 9110 §6.6.1); sent later it must not be that of sending.
            fields.Add(new HttpField("Date", HttpDate.Format(response.ResponseTime)));
        }

        return new StoredHead(response with { Fields = fields }, Freshness.Of(response, rules), Vary.Of(fields), varyKey);
    }

    /// <summary>After a 304.</summary>
    public StoredHead Freshened(ResponseHead notModified, CacheRules rules) =>
        Of(notModified with { Status = Status, Fields = CachePolicy.Freshen(Fields, notModified.Fields) }, VaryKey, rules);

    public bool Matches(IReadOnlyList<HttpField> request) =>
        Vary is null || Vary.KeyOf(request) == VaryKey || Vary.IsInPreferredLanguage(request, Fields);

    /// <summary>Age and Cache-Status of a hit, made once a second and not once a request.</summary>
    public PerSecond At(DateTimeOffset now, string node)
    {
        var second = now.Ticks / TimeSpan.TicksPerSecond;
        if (_perSecond is { } made && made.Second == second)
        {
            return made;
        }

        var age = Math.Max(0, (long)Freshness.AgeAt(now).TotalSeconds);
        var status = new CacheStatus(node) { IsHit = true, TimeToLive = Freshness.LeftAt(now) };
        return _perSecond = new PerSecond(second, age.ToString(CultureInfo.InvariantCulture), status.ToString());
    }

    /// <summary>Whether a field goes on to clients; length and age are written anew.</summary>
    public static bool IsSent(string name) =>
        !name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
        && !name.Equals("Age", StringComparison.OrdinalIgnoreCase)
        && !name.Equals("Via", StringComparison.OrdinalIgnoreCase)
        && !name.Equals("Cache-Status", StringComparison.OrdinalIgnoreCase)
        && !name.Equals(TagField, StringComparison.OrdinalIgnoreCase);

    private static string? ExpiresOf(ResponseHead response)
    {
        var control = CacheControl.Parse(response.Fields.Combined("Cache-Control"));
        return control is { MaxAge: { } lifetime, NoCache: false, NoStore: false } && !response.Fields.Has("Expires")
            && HttpDate.Parse(response.Fields.Only("Date"), response.ResponseTime) is { } date && lifetime < DateTimeOffset.MaxValue - date
            ? HttpDate.Format(date + lifetime)
            : null;
    }

    private static List<string> ReadTags(IReadOnlyList<HttpField> fields) =>
        fields.Combined(TagField) is { } tags
            ? [.. tags.Split([',', ' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Where(tag => tag.Length <= MaxTagChars).Distinct().Take(MaxTags)]
            : [];

    internal sealed record PerSecond(long Second, StringValues Age, StringValues CacheStatus);
}
