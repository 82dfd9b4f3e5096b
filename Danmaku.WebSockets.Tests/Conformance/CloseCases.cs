using Danmaku.WebSockets.Tests.Support;

namespace Danmaku.WebSockets.Tests.Conformance;

/// <summary>Close frames (RFC 6455 §5.5.1, §7.4).</summary>
internal static class CloseCases
{
    /// <summary>Its code is whole with the eighth byte.</summary>
    private const int CodeBytes = 8;

    private static readonly int[] Legal =
        [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000, 4001, 4998, 4999];

    private static readonly int[] Illegal =
        [0, 1, 255, 256, 998, 999, 1004, 1005, 1006, 1015, 1016, 1017, 1099, 1100, 1999, 2000, 2001, 2998, 2999, 5000, 5001, 9999, 32_768, 65_535];

    public static IEnumerable<Case> All =>
    [
        .. from code in Legal
           select new Case($"Close {code}", Wire.CloseFrame(code), Transcript.Close(code)),
        .. from code in Legal
           select new Case($"Close {code} with a reason", Wire.CloseFrame(code, "再见"), Transcript.Close(code, "再见")),
        .. from code in Illegal
           select new Case($"Close {code}", Wire.CloseFrame(code), Transcript.Error(ReadError.BadCloseCode), Transcript.Close(CloseCodes.None)) { WrongAt = CodeBytes },
        .. from code in Illegal
           select new Case(
               $"Close {code} with a reason", Wire.CloseFrame(code, "why"), Transcript.Error(ReadError.BadCloseCode), Transcript.Close(CloseCodes.None)) { WrongAt = CodeBytes },
        new Case("Close without a code", Wire.Frame(Wire.Close, []), Transcript.Close(CloseCodes.None)),
        new Case("Close of one byte", Wire.Frame(Wire.Close, [3]), Transcript.Error(ReadError.HalfCloseCode), Transcript.Close(CloseCodes.None)) { WrongAt = 7 },
        new Case("Close of 125 bytes", Wire.CloseFrame(1000, new string('x', 123)), Transcript.Close(1000, new string('x', 123))),
        new Case(
            "Close of 126 bytes", Wire.CloseFrame(1000, new string('x', 124)), Transcript.Error(ReadError.LongControl), Transcript.Close(CloseCodes.None)) { WrongAt = 2 },
        new Case(
            "Close whose reason is no UTF-8", Wire.Frame(Wire.Close, Wire.ClosePayload(1000, [0x61, 0xff, 0x61])),
            Transcript.Error(ReadError.BadUtf8), Transcript.Close(CloseCodes.None)) { WrongAt = 10 },
        new Case(
            "Close whose reason ends within a character", Wire.Frame(Wire.Close, Wire.ClosePayload(1000, [0x61, 0xe5, 0xbc])),
            Transcript.Error(ReadError.BadUtf8), Transcript.Close(CloseCodes.None)) { WrongAt = 11 },
        new Case(
            "a surrogate in the reason", Wire.Frame(Wire.Close, Wire.ClosePayload(1000, [0xed, 0xa0, 0x80])),
            Transcript.Error(ReadError.BadUtf8), Transcript.Close(CloseCodes.None)) { WrongAt = 10 },
        new Case(
            "whatever comes after a Close", [.. Wire.CloseFrame(1000), .. Wire.Frame(Wire.Text, "a"), .. Wire.Frame(3, []), .. Wire.CloseFrame(1001), 0xff],
            Transcript.Close(1000)),
    ];
}
