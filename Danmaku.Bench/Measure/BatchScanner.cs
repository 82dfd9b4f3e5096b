using System.Buffers.Text;
using Danmaku.Core.Rooms;

namespace Danmaku.Bench.Measure;

/// <summary>Finds out which offsets a <c>batch</c> of danmaku.v1.json carries without parsing its danmaku.</summary>
/// <remarks>
/// It knows the one form in which the server writes a batch, and leaves everything else to <see cref="ServerMessage"/>: other
/// types, other orders of fields, and the batch at offset 1, which names the epoch before.
/// </remarks>
public static class BatchScanner
{
    /// <returns>False when this is not a batch in the usual form.</returns>
    public static bool TryScan(ReadOnlySpan<byte> message, out Position first, out int count)
    {
        (first, count) = (Position.None, 0);
        if (!Skip(ref message, """{"type":"batch","epoch":"""u8) || !Number(ref message, out var epoch)
            || !Skip(ref message, ""","offset":"""u8) || !Number(ref message, out var offset)
            || !Skip(ref message, ""","comments":["""u8))
        {
            return false;
        }

        // A quote inside a string is escaped, so this cannot be part of somebody's text.
        count = message.Count("""{"time":"""u8);
        first = new Position(epoch, offset);
        return count > 0;
    }

    private static bool Skip(ref ReadOnlySpan<byte> message, ReadOnlySpan<byte> expected)
    {
        if (!message.StartsWith(expected))
        {
            return false;
        }

        message = message[expected.Length..];
        return true;
    }

    private static bool Number(ref ReadOnlySpan<byte> message, out long value)
    {
        var isNumber = Utf8Parser.TryParse(message, out value, out var length);
        message = message[length..];
        return isNumber;
    }
}
