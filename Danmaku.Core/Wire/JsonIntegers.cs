using System.Text.Json;

namespace Danmaku.Core.Wire;

/// <summary>
/// Integers in JSON, in any notation: <c>83500</c>, <c>83500.0</c> and <c>8.35e4</c> are the same number (RFC 8259 §6), and programs that write numbers as
/// doubles write any of them.
/// </summary>
public static class JsonIntegers
{
    /// <summary>Reads the current token of <paramref name="json"/>.</summary>
    /// <returns>False when it is not a number, not an integer, or beyond 64 bits. Beyond 2^53 only those without a fraction or an exponent are exact.</returns>
    public static bool TryRead(ref Utf8JsonReader json, out long value)
    {
        value = 0;
        if (json.TokenType != JsonTokenType.Number)
        {
            return false;
        }

        if (json.TryGetInt64(out value))
        {
            return true;
        }

        if (!json.TryGetDouble(out var number) || Math.Abs(number) > Rooms.Position.MaxInteger || number != Math.Floor(number))
        {
            return false;
        }

        value = (long)number;
        return true;
    }
}
