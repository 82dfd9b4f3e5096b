using System.Globalization;

namespace Danmaku.Node.Options;

/// <summary>A number of bytes as people write it: <c>1048576</c>, <c>512KiB</c>, <c>256 MiB</c>, <c>2GiB</c>.</summary>
internal static class ByteSize
{
    private static readonly (string Unit, int Shift)[] Units = [("KiB", 10), ("MiB", 20), ("GiB", 30)];

    /// <returns>Null when it is none, or too large for this machine's numbers.</returns>
    public static long? Read(string text)
    {
        var (unit, shift) = Units.FirstOrDefault(known => text.EndsWith(known.Unit, StringComparison.OrdinalIgnoreCase), (Unit: "", Shift: 0));
        return long.TryParse(text.AsSpan(0, text.Length - unit.Length).TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count <= long.MaxValue >> shift
            ? count << shift
            : null;
    }
}
