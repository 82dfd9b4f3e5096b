using System.Globalization;

namespace Danmaku.HttpCache.Policy;

/// <summary>One range of bytes of a complete body (RFC 9110 §14).</summary>
/// <param name="First">The first byte, from 0.</param>
/// <param name="Last">The last byte, inclusive.</param>
internal readonly record struct ByteRange(long First, long Last)
{
    public const string Unit = "bytes=";

    public long Length => Last - First + 1;

    /// <summary><c>Content-Range</c> of the part (RFC 9110 §14.4).</summary>
    /// <param name="complete">Bytes of the whole body; null when unknown.</param>
    public string ContentRange(long? complete) =>
        complete is null
            ? string.Create(CultureInfo.InvariantCulture, $"bytes {First}-{Last}/*")
            : string.Create(CultureInfo.InvariantCulture, $"bytes {First}-{Last}/{complete}");

    /// <summary>Reads <c>Range</c>. Several ranges count as none: the whole body is a valid answer to them (§14.2).</summary>
    /// <param name="complete">Bytes of the whole body.</param>
    public static RangeAnswer Read(string? value, long complete, out ByteRange range)
    {
        range = default;
        if (value is null || !value.StartsWith(Unit, StringComparison.OrdinalIgnoreCase))
        {
            return RangeAnswer.Whole;
        }

        var spec = value.AsSpan(Unit.Length).Trim();
        var dash = spec.IndexOf('-');
        if (dash < 0 || spec.Contains(','))
        {
            return RangeAnswer.Whole;
        }

        var from = spec[..dash];
        var to = spec[(dash + 1)..];
        if (from.IsEmpty)
        {
            return TryRead(to, out var suffix) ? Suffix(suffix, complete, out range) : RangeAnswer.Whole;
        }

        var last = long.MaxValue;
        if (!TryRead(from, out var first) || (!to.IsEmpty && (!TryRead(to, out last) || last < first)))
        {
            return RangeAnswer.Whole;
        }

        range = new ByteRange(first, Math.Min(last, complete - 1));
        return first < complete ? RangeAnswer.Part : RangeAnswer.NotSatisfiable;
    }

    private static RangeAnswer Suffix(long suffix, long complete, out ByteRange range)
    {
        range = new ByteRange(Math.Max(0, complete - suffix), complete - 1);
        return suffix > 0 && complete > 0 ? RangeAnswer.Part : RangeAnswer.NotSatisfiable;
    }

    /// <summary>Only digits; a number beyond the largest length counts as the largest.</summary>
    private static bool TryRead(ReadOnlySpan<char> digits, out long value)
    {
        value = long.MaxValue;
        return !digits.IsEmpty
            && !digits.ContainsAnyExceptInRange('0', '9')
            && (long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value) || (value = long.MaxValue) > 0);
    }
}

/// <summary>One requested part, before the body's length is known (RFC 9110 §14.1.2).</summary>
/// <param name="First">The first byte; null if the part is counted from the end.</param>
/// <param name="Last">The last byte, null for the end; without a first byte, the number of bytes at the end.</param>
internal readonly record struct RangeSpec(long? First, long? Last)
{
    /// <returns>Null if <c>Range</c> asks for no or several parts, or is invalid.</returns>
    public static RangeSpec? Parse(string? value)
    {
        // Read against the longest possible body: if the end is clamped, it was not given.
        const long Longest = long.MaxValue;
        if (ByteRange.Read(value, Longest, out var range) is RangeAnswer.Whole)
        {
            return null;
        }

        return value.AsSpan(ByteRange.Unit.Length).Trim()[0] == '-' ? new RangeSpec(null, Longest - range.First)
            : new RangeSpec(range.First, range.Last == Longest - 1 ? null : range.Last);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{ByteRange.Unit}{First}-{Last}");
}

/// <summary>The answer to a <c>Range</c>.</summary>
internal enum RangeAnswer
{
    /// <summary>200 with the whole body.</summary>
    Whole,

    /// <summary>206.</summary>
    Part,

    /// <summary>416.</summary>
    NotSatisfiable,
}
