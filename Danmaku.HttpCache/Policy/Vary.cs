using System.Globalization;
using System.Text;

namespace Danmaku.HttpCache.Policy;

/// <summary>The secondary key of a response (RFC 9111 §4.1): the request fields that it depends on.</summary>
internal sealed class Vary
{
    private const string Any = "*";

    private Vary(IReadOnlyList<string> names) => Names = names;

    /// <summary>In lower case, sorted, each once.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <returns>Null when the response depends on no field.</returns>
    public static Vary? Of(IReadOnlyList<HttpField> response)
    {
        if (response.Combined("Vary") is not { } value)
        {
            return null;
        }

        string[] names = [.. HttpFields.Members(value).Select(name => name.ToLowerInvariant()).Distinct().Order(StringComparer.Ordinal)];
        return names.Length == 0 ? null : new Vary(names.Contains(Any) ? [Any] : names);
    }

    public NotStored WhyNotStored(IReadOnlyList<HttpField> request, CacheRules rules) =>
        Names is [Any] ? NotStored.VaryAny
        : Names.Count > rules.MaxVaryNames || KeyOf(request).Length > rules.MaxVaryChars ? NotStored.VaryTooLarge
        : NotStored.None;

    /// <summary>The values of the fields in a request, normalised; equal keys select the same response.</summary>
    public string KeyOf(IReadOnlyList<HttpField> request)
    {
        if (Names.Count == 1)
        {
            return Normalise(Names[0], request.Combined(Names[0]));
        }

        var key = new StringBuilder();
        foreach (var name in Names)
        {
            // Field values contain no line feed.
            key.Append(Normalise(name, request.Combined(name))).Append('\n');
        }

        return key.ToString();
    }

    /// <summary>
    /// Whether a response to another <c>Accept-Language</c> fits this request: it is in exactly the preferred language, and depends on nothing else.
    /// </summary>
    public bool IsInPreferredLanguage(IReadOnlyList<HttpField> request, IReadOnlyList<HttpField> response) =>
        Names is ["accept-language"]
        && response.Only("Content-Language") is { } language
        && request.Combined("Accept-Language") is { } accepted
        && Weighted(accepted) is [var (first, weight), .. var rest]
        && weight > 0
        && (rest is not [var (_, next), ..] || next < weight)
        && first.Equals(language, StringComparison.OrdinalIgnoreCase);

    /// <summary>Absent is different from empty.</summary>
    private static string Normalise(string name, string? value) => value switch
    {
        null => "-",
        _ when name == "accept-encoding" => "=" + Encodings.Preferred(value),
        _ when name == "accept-language" => "=" + string.Join(',', Weighted(value).Select(language =>
            string.Create(CultureInfo.InvariantCulture, $"{language.Name};{language.Weight}"))),
        _ => "=" + string.Join(',', HttpFields.Members(value)),
    };

    /// <summary>Languages by weight, the greatest first, then by name: the order among equals has no meaning (RFC 9110 §12.5.4).</summary>
    private static List<(string Name, double Weight)> Weighted(string value) =>
    [
        .. HttpFields.Members(value)
            .Select(Encodings.Weighted)
            .OrderByDescending(language => language.Weight)
            .ThenBy(language => language.Name, StringComparer.Ordinal),
    ];
}

/// <summary><c>Accept-Encoding</c> (RFC 9110 §12.5.3), reduced to the codings that this cache distinguishes, so that clients cannot create variants.</summary>
internal static class Encodings
{
    public const string Identity = "identity";

    /// <summary><c>br</c>, <c>gzip</c> or <c>identity</c>: the best that a request accepts.</summary>
    public static string Preferred(string? acceptEncoding)
    {
        if (acceptEncoding is null)
        {
            return Identity;
        }

        double? br = null, gzip = null, any = null;
        foreach (var member in HttpFields.Members(acceptEncoding))
        {
            var (name, weight) = Weighted(member);
            switch (name)
            {
                case "br":
                    br = weight;
                    break;
                case "gzip" or "x-gzip":
                    gzip = weight;
                    break;
                case "*":
                    any = weight;
                    break;
            }
        }

        return (br ?? any) > 0 ? "br" : (gzip ?? any) > 0 ? "gzip" : Identity;
    }

    /// <summary>A member of a list with its weight, which is 1 unless <c>;q=</c> says otherwise, and 0 if that is invalid.</summary>
    internal static (string Name, double Weight) Weighted(string member)
    {
        var semicolon = member.IndexOf(';', StringComparison.Ordinal);
        if (semicolon < 0)
        {
            return (member.ToLowerInvariant(), 1);
        }

        var (name, parameter) = (member[..semicolon].Trim().ToLowerInvariant(), member[(semicolon + 1)..].Trim());
        return parameter.StartsWith("q=", StringComparison.OrdinalIgnoreCase)
            && double.TryParse(parameter.AsSpan(2), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var weight)
            ? (name, Math.Min(weight, 1))
            : (name, 0);
    }
}
