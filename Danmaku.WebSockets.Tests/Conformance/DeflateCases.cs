using System.IO.Compression;
using Danmaku.WebSockets.Tests.Support;

namespace Danmaku.WebSockets.Tests.Conformance;

/// <summary>Compressed messages (RFC 7692 §7, RFC 1951).</summary>
internal static class DeflateCases
{
    private const int Rsv1 = 4;

    private static readonly CompressionLevel[] Levels =
        [CompressionLevel.NoCompression, CompressionLevel.Fastest, CompressionLevel.Optimal, CompressionLevel.SmallestSize];

    private static readonly (string Name, string Text)[] Texts =
    [
        ("empty", ""), ("a letter", "a"), ("Hello", "Hello"), ("one letter often", new string('a', 5000)), ("danmaku", string.Concat(Enumerable.Repeat("弹幕🎈é", 300))),
        ("JSON", string.Concat(Enumerable.Range(0, 300).Select(i => $$"""{"type":"post","id":"{{i * 7919:x8}}","text":"哈哈{{i}}"}"""))),
        ("noise", string.Concat(Noise(20_000).Select(b => (char)(0x20 + (b % 95))))),
    ];

    public static IEnumerable<Case> All =>
        [.. OfTheRfc, .. OfTheLibrary, .. ByHand, .. Broken.Select(broken => Wrong(broken.Name, broken.Bytes, ReadError.BadDeflate)), .. CutShort];

    private static IEnumerable<Case> OfTheRfc =>
    [
        Hello("Hello of §7.2.3.1", "f248cdc9c90700"),
        Case.Text(
            "Hello of §7.2.3.1 in fragments",
            [.. Wire.Frame(Wire.Text, Convert.FromHexString("f248cd"), false, Rsv1), .. Wire.Frame(Wire.Continuation, Convert.FromHexString("c9c90700"))], "Hello") with { Deflate = true },
        Hello("a stored block, §7.2.3.3", "000500faff48656c6c6f00"),
        Hello("a final block, §7.2.3.4", "f348cdc9c9070000"),
        Hello("two blocks, §7.2.3.5", "f248050000 00ffffcac9c90700".Replace(" ", "", StringComparison.Ordinal)),
        Good("an empty fragment, §7.2.3.6", [0x00], ""),
        Good("an empty fixed block", [0x02, 0x00], ""),
        Wrong("the second Hello of §7.2.3.2, which refers to the first message", Convert.FromHexString("f200110000"), ReadError.BadDeflate),
        new Case(
            "compressed and not in turn",
            [.. Compressed(Convert.FromHexString("f248cdc9c90700")), .. Wire.Frame(Wire.Text, "plain"), .. Compressed(Convert.FromHexString("f248cdc9c90700"))],
            Transcript.Text("Hello"), Transcript.Text("plain"), Transcript.Text("Hello")) { Deflate = true },
        new Case(
            "a Ping within a compressed message",
            [.. Wire.Frame(Wire.Text, Convert.FromHexString("f248cd"), false, Rsv1), .. Wire.Frame(Wire.Ping, "p"), .. Wire.Frame(Wire.Continuation, Convert.FromHexString("c9c90700"))],
            Transcript.Ping(Wire.Utf8("p")), Transcript.Text("Hello")) { Deflate = true },
        new Case(
            "an empty last fragment",
            [.. Wire.Frame(Wire.Text, Convert.FromHexString("f248cdc9c90700"), false, Rsv1), .. Wire.Frame(Wire.Continuation, [])], Transcript.Text("Hello")) { Deflate = true },
        new Case("binary", Wire.Frame(Wire.Binary, Deflated.Message([0xff, 0xfe, 0]), reserved: Rsv1), Transcript.Binary([0xff, 0xfe, 0])) { Deflate = true },
    ];

    private static IEnumerable<Case> OfTheLibrary =>
        from level in Levels
        from text in Texts
        let payload = Wire.Utf8(text.Text)
        from way in ((string Name, byte[] Bytes)[])
        [
            ("flushed", Deflated.Message(payload, level)), ("with the tail", Deflated.WithTail(payload, level)), ("final", Deflated.Final(payload, level)),
            ("final and a byte", [.. Deflated.Final(payload, level), 0]), ("several blocks", [.. Deflated.InPieces([.. payload, (byte)'!'], 700, level)]),
        ]
        select Good($"{text.Name}, {level}, {way.Name}", way.Bytes, way.Name == "several blocks" ? text.Text + "!" : text.Text);

    private static IEnumerable<Case> ByHand =>
    [
        Good("flushed after each byte", Deflated.InPieces(Wire.Utf8(new string('f', 1000)), 1, CompressionLevel.NoCompression), new string('f', 1000)) with { Max = 1000 },
        .. from length in (int[])[0, 1, 7, 8, 9, 300, 65_535]
           select Good($"{length} bytes stored", new Bits().Stored(Wire.Utf8(new string('s', length))).Flush().Bytes, new string('s', length)),
        Good("stored twice", new Bits().Stored(Wire.Utf8("ab")).Stored(Wire.Utf8("cd")).Flush().Bytes, "abcd"),
        Good("stored, fixed, stored", new Bits().Stored(Wire.Utf8("ab")).Block(1).Fixed("cd").End().Stored(Wire.Utf8("ef")).Flush().Bytes, "abcdef"),
        Good("a copy out of a stored block", new Bits().Stored(Wire.Utf8("abc")).Block(1).Fixed(257).Code(2, 5).End().Flush().Bytes, "abcabc"),
        Good("all literals below 128", new Bits().Block(1).Fixed(string.Concat(Enumerable.Range(0, 128).Select(i => (char)i))).End().Flush().Bytes, string.Concat(Enumerable.Range(0, 128).Select(i => (char)i))),
        .. from copy in Enumerable.Range(257, 29)
           let extra = copy is < 265 or 285 ? 0 : (copy - 261) / 4
           let length = Lengths[copy - 257] + (1 << extra) - 1
           select Good(
               $"the longest copy of symbol {copy}",
               new Bits().Block(1).Fixed("a").Fixed(copy).Add((1 << extra) - 1, extra).Code(0, 5).End().Flush().Bytes, new string('a', length + 1)),
        .. from symbol in Enumerable.Range(0, 30)
           let extra = symbol < 4 ? 0 : (symbol - 2) / 2
           let distance = Distances[symbol] + (1 << extra) - 1
           select Good(
               $"the longest distance of symbol {symbol}",
               new Bits().Stored(Wire.Utf8(Ring(distance))).Block(1).Fixed(257).Code(symbol, 5).Add((1 << extra) - 1, extra).End().Flush().Bytes,
               Ring(distance) + string.Concat(Enumerable.Range(0, 3).Select(i => Ring(distance)[i % distance]))),
        Good("nothing at all", [], ""),
        Good("a final block, then another", [.. new Bits().Block(1, final: true).Fixed("ab").End().Bytes, .. new Bits().Block(1).Fixed("cd").End().Flush().Bytes], "abcd"),
        Good("a final stored block", new Bits().Stored(Wire.Utf8("ab"), final: true).Bytes, "ab"),
        Good("a final stored block, then an empty one", [.. new Bits().Stored(Wire.Utf8("ab"), final: true).Bytes, 0], "ab"),
        Good("two final blocks", [.. new Bits().Block(1, final: true).Fixed("ab").End().Bytes, .. new Bits().Block(1, final: true).Fixed("cd").End().Bytes], "abcd"),
        Good("a dynamic block with one code of one bit", OneCode(), ""),
        Good("a dynamic block with long codes", LongCodes().Bytes, "abcdefghijklmn"),
    ];

    private static IEnumerable<(string Name, byte[] Bytes)> Broken =>
    [
        ("a block of the fourth kind", new Bits().Block(3).Bytes),
        ("a stored length whose check is wrong", [0x00, 0x05, 0x00, 0x05, 0x00, 0x61]),
        ("a stored length of zero whose check is wrong", [0x00, 0x00, 0x00, 0xfe, 0xff]),
        ("a copy before there is anything", new Bits().Block(1).Fixed(257).Code(0, 5).End().Flush().Bytes),
        ("a copy from before the beginning", new Bits().Block(1).Fixed("ab").Fixed(257).Code(2, 5).End().Flush().Bytes),
        ("literal symbol 286", new Bits().Block(1).Fixed("a").Fixed(286).Code(0, 5).End().Flush().Bytes),
        ("literal symbol 287", new Bits().Block(1).Fixed("a").Fixed(287).Code(0, 5).End().Flush().Bytes),
        ("distance symbol 30", new Bits().Block(1).Fixed("a").Fixed(257).Code(30, 5).End().Flush().Bytes),
        ("distance symbol 31", new Bits().Block(1).Fixed("a").Fixed(257).Code(31, 5).End().Flush().Bytes),
        ("287 literals", new Bits().Dynamic(287, 1, (0, 1), (1, 1)).Bytes),
        ("288 literals", new Bits().Dynamic(288, 1, (0, 1), (1, 1)).Bytes),
        ("31 distances", new Bits().Dynamic(257, 31, (0, 1), (1, 1)).Bytes),
        ("32 distances", new Bits().Dynamic(257, 32, (0, 1), (1, 1)).Bytes),
        ("no code for lengths", new Bits().Dynamic(257, 1).Bytes),
        ("too many codes for lengths", new Bits().Dynamic(257, 1, (0, 1), (1, 1), (2, 1)).Bytes),
        ("too few codes for lengths", new Bits().Dynamic(257, 1, (0, 2), (1, 2)).Bytes),
        ("a repetition of nothing", new Bits().Dynamic(257, 1, (16, 1), (0, 1)).Code(1, 1).Add(0, 2).Bytes),
        ("a repetition beyond the end", Zeros(new Bits().Dynamic(257, 1, (18, 1), (0, 1)), 138, 138).Bytes),
        ("no end of block", Zeros(new Bits().Dynamic(257, 1, (18, 1), (0, 1)), 138, 120).Bytes),
        ("too many literals for their lengths", TooMany().Bytes),
        ("a code that no distance has", NoDistance().Bytes),
        ("noise", [0xfe, 0xff, 0xff, 0xff]),
    ];

    /// <summary>Each beginning of a message that is not the whole.</summary>
    private static IEnumerable<Case> CutShort =>
    [
        .. from length in Enumerable.Range(1, 6)
           select Wrong($"{length} bytes of Hello", Convert.FromHexString("f248cdc9c90700")[..length], ReadError.CutDeflate),
        .. from length in Enumerable.Range(2, 8)
           select Wrong($"{length} bytes of Hello, stored", Convert.FromHexString("000500faff48656c6c6f00")[..length], ReadError.CutDeflate),
        .. from length in (int[])[1, 2, 5, 20, 50]
           select Wrong($"{length} bytes of JSON", Deflated.Message(Wire.Utf8(Texts[5].Text))[..length], ReadError.CutDeflate),
        Wrong("four bytes stored that are the tail's", new Bits().Block(0).Align().Add(4, 16).Add(~4 & 0xffff, 16).Bytes, ReadError.CutDeflate),
    ];

    /// <summary>RFC 1951 §3.2.5.</summary>
    private static int[] Lengths => [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];

    private static int[] Distances =>
        [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12_289, 16_385, 24_577];

    private static Case Hello(string name, string hex) => Good(name, Convert.FromHexString(hex), "Hello");

    private static Case Good(string name, byte[] deflated, string text) => Case.Text(name, Compressed(deflated), text) with { Deflate = true };

    private static Case Wrong(string name, byte[] deflated, ReadError error) => Case.Wrong(name, Compressed(deflated), error) with { Deflate = true };

    private static byte[] Compressed(byte[] deflated) => Wire.Frame(Wire.Text, deflated, reserved: Rsv1);

    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Goes round, and not so soon that another distance would do.</summary>
    private static string Ring(int length) => string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + (i % 23))));

    /// <summary>So many lengths of zero, where 18 is written 1.</summary>
    private static Bits Zeros(Bits bits, params int[] counts) => counts.Aggregate(bits, (sofar, count) => sofar.Code(1, 1).Add(count - 11, 7));

    /// <summary>256 has the only literal code, of one bit, and there is no distance.</summary>
    private static byte[] OneCode() =>
        new Bits().Dynamic(257, 1, (0, 1), (1, 2), (18, 2)).Code(3, 2).Add(138 - 11, 7).Code(3, 2).Add(118 - 11, 7).Code(2, 2).Code(0, 1)
            .Code(0, 1).Flush().Bytes;

    /// <summary>Literals 'a' to 'n' with codes of 1 to 14 bits, and 256 with one of 14.</summary>
    private static Bits LongCodes()
    {
        // Lengths 1 to 14 and 18 and 0: sixteen symbols of four bits each, by number: 0, 1 … 14, 18.
        var bits = new Bits().Dynamic(257, 1, [.. Enumerable.Range(0, 15).Select(i => (i, 4)), (18, 4)]);
        bits.Code(15, 4).Add(97 - 11, 7);
        for (var length = 1; length <= 14; length++)
        {
            bits.Code(length, 4);
        }

        bits.Code(15, 4).Add(138 - 11, 7).Code(0, 4);
        for (var i = 97 + 14 + 139; i < 256; i++)
        {
            bits.Code(0, 4);
        }

        bits.Code(14, 4).Code(0, 4);
        for (var length = 1; length <= 14; length++)
        {
            bits.Code(((1 << length) - 1) ^ 1, length);
        }

        return bits.Code((1 << 14) - 1, 14).Flush();
    }

    /// <summary>All 257 literals have one bit.</summary>
    private static Bits TooMany()
    {
        var bits = new Bits().Dynamic(257, 1, (1, 1), (0, 1));
        for (var i = 0; i < 258; i++)
        {
            bits.Code(1, 1);
        }

        return bits;
    }

    /// <summary>A copy where the only distance has the code 0, and 1 comes.</summary>
    private static Bits NoDistance()
    {
        // Lengths: 0 → '0', 1 → '10', 18 → '11'. Symbols 256 and 257 have one bit each.
        var bits = new Bits().Dynamic(258, 1, (0, 1), (1, 2), (18, 2)).Code(3, 2).Add(138 - 11, 7).Code(3, 2).Add(118 - 11, 7).Code(2, 2).Code(2, 2).Code(2, 2);
        return bits.Code(1, 1).Add(0xffff, 16).Add(0xffff, 16);
    }
}
