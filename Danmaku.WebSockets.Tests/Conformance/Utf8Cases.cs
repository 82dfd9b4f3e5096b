using System.Text;
using Danmaku.WebSockets.Tests.Support;

namespace Danmaku.WebSockets.Tests.Conformance;

/// <summary>Texts that are UTF-8 and texts that are not (RFC 6455 §8.1, RFC 3629), and at which byte that is seen.</summary>
internal static class Utf8Cases
{
    private const int HeaderBytes = 6;

    /// <summary>The first and last characters of each length, and those next to what is forbidden.</summary>
    private static readonly string[] Good =
    [
        "", "\0", "\u007f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\ufffe", "\uffff", "\U00010000", "\U0001ffff", "\U000fffff",
        "\U0010ffff", "κόσμε", "Hello-µ@ßöäüàá-UTF-8!!", "弹幕", "🎈🎈", "a\u0300", "e\u0301\u200d👩‍👩‍👧",
    ];

    /// <summary>Bytes, and which of them, counted from 1, cannot be right.</summary>
    private static readonly (string Hex, int WrongAt)[] Bad =
    [
        ("80", 1), ("bf", 1), ("8080", 1), ("c0", 1), ("c080", 1), ("c0af", 1), ("c1bf", 1), ("f5", 1), ("f8", 1), ("fc", 1), ("fe", 1), ("ff", 1),
        ("c220", 2), ("c2c2", 2), ("df7f", 2), ("e080", 2), ("e09f", 2), ("e0a020", 3), ("e18020", 3), ("ed20", 2), ("eda0", 2), ("edbf", 2), ("edb080", 2),
        ("edadbf", 2), ("eda080edb080", 2), ("f08f", 2), ("f080", 2), ("f0808080", 2), ("f09020", 3), ("f0908020", 4), ("f490", 2), ("f4908080", 2), ("f48fc0", 3),
        ("f48fbfc0", 4), ("61ff", 2), ("616280", 3), ("cebae1bdb9cf83cebcceb5eda080656469746564", 13), ("cebae1bdb9cf83cebcceb5f4908080656469746564", 13),
        ("e5bcb9ff", 4), ("f09f8e88f09f8e20", 8),
    ];

    /// <summary>Texts that only their end makes wrong: a character is not whole.</summary>
    private static readonly string[] Cut =
        ["c2", "df", "e0a0", "e1", "e180", "ed9f", "ee80", "f0", "f090", "f09080", "f1", "f180", "f18080", "f48f", "f48fbf", "61c2", "e5bcb9e5bc"];

    public static IEnumerable<Case> All =>
    [
        .. from text in Good
           select Case.Text($"U+{Convert.ToHexString(Encoding.BigEndianUnicode.GetBytes(text))}", Wire.Frame(Wire.Text, text), text),
        .. from bad in Bad
           select Case.Wrong(bad.Hex, Wire.Frame(Wire.Text, Convert.FromHexString(bad.Hex)), ReadError.BadUtf8, HeaderBytes + bad.WrongAt),
        .. from bad in Bad
           let bytes = Convert.FromHexString(bad.Hex)
           let cut = bad.WrongAt - 1
           select Case.Wrong(
               $"{bad.Hex}, cut before what is wrong", [.. Wire.Frame(Wire.Text, bytes[..cut], false), .. Wire.Frame(Wire.Continuation, bytes[cut..])],
               ReadError.BadUtf8, (2 * HeaderBytes) + bad.WrongAt),
        .. from hex in Cut
           let bytes = Convert.FromHexString(hex)
           select Case.Wrong($"{hex} and no more", Wire.Frame(Wire.Text, bytes), ReadError.BadUtf8, HeaderBytes + bytes.Length),
        .. from hex in Cut
           let bytes = Convert.FromHexString(hex)
           select Case.Wrong(
               $"{hex} and an empty end", [.. Wire.Frame(Wire.Text, bytes, false), .. Wire.Frame(Wire.Continuation, "")],
               ReadError.BadUtf8, (2 * HeaderBytes) + bytes.Length),
        .. from bad in Bad
           let bytes = Convert.FromHexString(bad.Hex)
           select Case.Wrong($"{bad.Hex}, compressed", Wire.Frame(Wire.Text, Deflated.Message(bytes), reserved: 4), ReadError.BadUtf8) with { Deflate = true },
        Case.Wrong(
            "wrong at its first byte, and the rest never comes", [.. Wire.Header(Wire.Text, 60_000, 2), .. Wire.Key, 0xff ^ 0x12], ReadError.BadUtf8, 9),
    ];
}
