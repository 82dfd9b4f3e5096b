using System.Security.Cryptography;
using System.Text;

namespace Danmaku.Node.Endpoints;

/// <summary>The keys of servers and operators.</summary>
internal static class Keys
{
    private const string Scheme = "Bearer ";

    /// <summary>Whether the request carries <paramref name="key"/>. Compares in constant time. Nothing matches an empty key.</summary>
    public static bool Holds(this HttpRequest request, string key) =>
        key.Length > 0
        && request.Bearer() is { } value
        && CryptographicOperations.FixedTimeEquals(Hash(Encoding.Latin1.GetBytes(value)), Hash(Encoding.UTF8.GetBytes(key)));

    /// <summary>What the request shows with <c>Authorization: Bearer</c> (RFC 6750 §2.1); null for nothing.</summary>
    public static string? Bearer(this HttpRequest request) =>
        request.Headers.Authorization is [{ } value] && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? value[Scheme.Length..].Trim() : null;

    /// <remarks>The server decodes a field's bytes as Latin-1; a key that is not ASCII was sent as UTF-8.</remarks>
    private static byte[] Hash(byte[] bytes) => SHA256.HashData(bytes);
}
