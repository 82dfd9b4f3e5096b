using System.IO.Compression;
using Danmaku.WebSockets.Tests.Support;

namespace Danmaku.WebSockets.Tests.Conformance;

/// <summary>Messages around the limit, which holds for all fragments together and for what comes out of DEFLATE.</summary>
internal static class LimitCases
{
    private static readonly int[] Limits = [1, 125, 126, 1000, 65_535, 65_536];

    public static IEnumerable<Case> All =>
    [
        .. from limit in Limits
           select Case.Text($"{limit} bytes of {limit}", Wire.Frame(Wire.Text, Of(limit)), Of(limit)) with { Max = limit },
        .. from limit in Limits
           let bytes = Wire.Frame(Wire.Text, Of(limit + 1))
           select Case.Wrong($"{limit + 1} bytes of {limit}", bytes, ReadError.TooBig, limit == 65_535 ? 8 : bytes.Length - limit - 1 - Wire.Key.Length)
               with { Max = limit },
        .. from limit in Limits
           select Case.Text(
               $"{limit} bytes of {limit} in fragments",
               [.. Wire.Frame(Wire.Text, Of(limit - 1), false), .. Wire.Frame(Wire.Ping, "p"), .. Wire.Frame(Wire.Continuation, "x", false), .. Wire.Frame(Wire.Continuation, "")])
               with { Max = limit, Heard = [Transcript.Ping(Wire.Utf8("p")), Transcript.Text(Of(limit))] },
        .. from limit in Limits
           let first = Wire.Frame(Wire.Text, Of(limit), false)
           select Case.Wrong($"a fragment beyond {limit}", [.. first, .. Wire.Frame(Wire.Continuation, "x")], ReadError.TooBig, first.Length + 2) with { Max = limit },
        .. from limit in Limits
           select new Case($"binary of {limit + 1} bytes of {limit}", Wire.Frame(Wire.Binary, new byte[limit + 1]), Transcript.Error(ReadError.TooBig)) { Max = limit },
        .. from limit in Limits
           from level in (CompressionLevel[])[CompressionLevel.Optimal, CompressionLevel.NoCompression]
           select Case.Text($"{limit} bytes of {limit}, {level}", Wire.Frame(Wire.Text, Deflated.Message(Wire.Utf8(Of(limit)), level), reserved: 4), Of(limit))
               with { Max = limit, Deflate = true },
        .. from limit in Limits
           from level in (CompressionLevel[])[CompressionLevel.Optimal, CompressionLevel.NoCompression]
           select Case.Wrong($"{limit + 1} bytes of {limit}, {level}", Wire.Frame(Wire.Text, Deflated.Message(Wire.Utf8(Of(limit + 1)), level), reserved: 4), ReadError.TooBig)
               with { Max = limit, Deflate = true },
        Case.Wrong("two GiB", Wire.Header(Wire.Text, int.MaxValue, 8), ReadError.TooBig, 7),
        Case.Wrong("a byte more than 2^32", Wire.Header(Wire.Text, 1UL << 32, 8), ReadError.TooBig, 6),
        Case.Wrong("the largest length", Wire.Header(Wire.Binary, long.MaxValue, 8), ReadError.TooBig, 3),
        Case.Wrong("the largest length, compressed", [0xc2, .. Wire.Header(Wire.Binary, long.MaxValue, 8)[1..]], ReadError.TooBig, 3) with { Deflate = true },
        Case.Wrong("ten million bytes from ten thousand", Wire.Frame(Wire.Text, Deflated.Message(new byte[10_000_000]), reserved: 4), ReadError.TooBig) with { Deflate = true },
        Case.Wrong(
            "empty blocks without an end",
            [.. Wire.Frame(Wire.Text, [], false, 4), .. Enumerable.Range(0, 4000).SelectMany(_ => Wire.Frame(Wire.Continuation, [0, 0, 0, 0xff, 0xff], false))],
            ReadError.TooBig) with { Deflate = true, Max = 1000 },
        Case.Wrong("a message that is too big, and the rest never comes", Wire.Header(Wire.Text, 1001, 2), ReadError.TooBig, 4) with { Max = 1000 },
        new Case(
            "too big, and then the client's Close", [.. Wire.Frame(Wire.Text, Of(2000)), .. Wire.Frame(Wire.Text, "a"), .. Wire.CloseFrame(1009)],
            Transcript.Error(ReadError.TooBig), Transcript.Close(CloseCodes.None)) { Max = 1000 },
    ];

    private static string Of(int length) => new('x', length);
}
