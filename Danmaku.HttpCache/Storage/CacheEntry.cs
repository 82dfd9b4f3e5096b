using System.Globalization;
using Danmaku.HttpCache.Policy;
using Microsoft.Extensions.Primitives;

namespace Danmaku.HttpCache.Storage;

/// <summary>The primary key of a response (RFC 9111 §2).</summary>
/// <param name="Target">The target, normalised by <see cref="RequestTarget"/>.</param>
/// <param name="Site">The scheme, and the host if origins have several sites.</param>
/// <param name="Part">Null for the resource itself; else the slice, or the part as requested.</param>
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

    /// <summary>The body in memory; null if it is only on disk.</summary>
    public CachedBody? Body
    {
        get => _body;
        set => _body = value;
    }

    /// <summary>Bytes of the body, once it is complete.</summary>
    public long Length { get; set; }

    /// <summary>The length of the whole body, if this is a slice or the head of slices; null if the entry has the body as received.</summary>
    public long? Complete { get; init; }

    /// <summary>Whether this is the head of a body whose slices are separate entries.</summary>
    public bool IsSliced => Complete is not null && key.Part is null;

    /// <summary>The validator that its slices must share; null if it has no strong one.</summary>
    public string? Validator => Policy.Validator.Of(Head.Fields, Head.Response.ResponseTime);

    public bool IsRemoved { get; set; }

    /// <summary>
    /// Whether it has tags and was found on disk at the start. It may have been purged while this node was stopped, so it is not used before validation.
    /// </summary>
    public bool IsUnchecked { get; set; }

    public EvictionQueue<CacheEntry>.Slot? InMemory { get; set; }

    public EvictionQueue<CacheEntry>.Slot? OnDisk { get; set; }

    /// <summary>Its files; null if it has none.</summary>
    public DiskFile? File { get; set; }

    /// <summary>Identifies a variant of a resource, also after it was replaced.</summary>
    public int Hash => HashCode.Combine(key, Head.VaryKey);
}

/// <summary>The files of a body on disk.</summary>
/// <param name="Digest">SHA-256 of the body.</param>
internal sealed record DiskFile(string Id, byte[] Digest);

/// <summary>Status and fields of a stored response, and values computed from them.</summary>
internal sealed class StoredHead
{
    /// <summary>Most tags of a response; further ones are ignored.</summary>
    public const int MaxTags = 64;

    /// <summary>Longer tags are ignored.</summary>
    public const int MaxTagChars = 128;

    /// <summary>Used for purging; not sent to clients.</summary>
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

    /// <summary>The response with only the stored fields.</summary>
    public ResponseHead Response { get; }

    public Freshness Freshness { get; }

    public Vary? Vary { get; }

    /// <summary>
    /// <c>Expires</c> for clients that do not know <c>max-age</c>, with the same meaning (RFC 9111 §5.3). Null if there is no <c>max-age</c>, or the response
    /// has its own <c>Expires</c>.
    /// </summary>
    public string? Expires { get; }

    /// <summary>Empty if there is no <see cref="Vary"/>.</summary>
    public string VaryKey { get; }

    public IReadOnlyList<string> Tags { get; }

    /// <summary>The fields that are sent; age, length and this hop's fields are added.</summary>
    public KeyValuePair<string, StringValues>[] Lines { get; }

    public int Status => Response.Status;

    public IReadOnlyList<HttpField> Fields => Response.Fields;

    public static StoredHead Of(ResponseHead response, IReadOnlyList<HttpField> request, CacheRules rules)
    {
        var vary = Vary.Of(response.Fields);
        return Of(response, vary?.KeyOf(request) ?? "", rules);
    }

    /// <summary>The head of a new response.</summary>
    public static StoredHead Of(ResponseHead response, string varyKey, CacheRules rules)
    {
        var fields = CachePolicy.FieldsToStore(response.Fields);
        if (!fields.Has("Date"))
        {
            // A recipient with a clock adds the date (RFC 9110 §6.6.1); when the response is sent later it must not be the time of sending.
            fields.Add(new HttpField("Date", HttpDate.Format(response.ResponseTime)));
        }

        return new StoredHead(response with { Fields = fields }, Freshness.Of(response, rules), Vary.Of(fields), varyKey);
    }

    /// <summary>The head after a 304.</summary>
    public StoredHead Freshened(ResponseHead notModified, CacheRules rules) =>
        Of(notModified with { Status = Status, Fields = CachePolicy.Freshen(Fields, notModified.Fields) }, VaryKey, rules);

    public bool Matches(IReadOnlyList<HttpField> request) =>
        Vary is null || Vary.KeyOf(request) == VaryKey || Vary.IsInPreferredLanguage(request, Fields);

    /// <summary>Age and Cache-Status of a hit, computed once per second and not per request.</summary>
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

    /// <summary>Whether a field is sent to clients; length and age are set anew.</summary>
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
