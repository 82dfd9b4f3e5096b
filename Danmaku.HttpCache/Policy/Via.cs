namespace Danmaku.HttpCache.Policy;

/// <summary><c>Via</c> (RFC 9110 §7.6.3): which proxies have forwarded a message.</summary>
internal static class Via
{
    /// <summary>The field's value with this hop appended.</summary>
    /// <param name="name">A token.</param>
    public static string Append(string? before, string name) => string.IsNullOrEmpty(before) ? "1.1 " + name : before + ", 1.1 " + name;

    /// <summary>Whether <paramref name="name"/> has already forwarded a message.</summary>
    public static bool Names(string? value, string name) =>
        value is not null && HttpFields.Members(value).Any(member =>
            member.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is [_, var by, ..] && by.Equals(name, StringComparison.OrdinalIgnoreCase));
}
