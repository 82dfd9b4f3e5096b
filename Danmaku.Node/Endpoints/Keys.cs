using System.Security.Cryptography;
using System.Text;

namespace Danmaku.Node.Endpoints;

/// <summary>The keys of servers and operators.</summary>
internal static class Keys
{
    private const string Scheme = "Bearer ";

    /// <summary>
    /// Whether the request carries <paramref name="key"/>; how long that takes tells nothing about it. Nothing matches an empty key.
    /// </summary>
    public static bool Holds(this HttpRequest request, string key) =>
        key.Length > 0
        && request.Headers.Authorization is [{ } value]
        && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(Hash(value[Scheme.Length..].Trim()), Hash(key));

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
