using Danmaku.WebSockets.Tests.Support;

namespace Danmaku.WebSockets.Tests.Conformance;

/// <summary>Single frames (RFC 6455 §5.2 to §5.5).</summary>
internal static class FramingCases
{
    private static readonly int[] Opcodes = [Wire.Continuation, Wire.Text, Wire.Binary, Wire.Close, Wire.Ping, Wire.Pong];

    private static readonly byte[][] Keys = [[0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff], [1, 0, 0, 0], [0, 0, 0, 1], [0x80, 0x7f, 0x00, 0xfe]];

    public static IEnumerable<Case> All => [.. Lengths, .. Masks, .. Controls, .. BadFirstBytes, .. BadLengths, .. Several];

    private static IEnumerable<Case> Lengths =>
        from length in (int[])[0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 124, 125, 126, 127, 128, 255, 256, 1023, 1024, 1025, 65_534, 65_535, 65_536, 65_537, 70_000]
        from isText in (bool[])[true, false]
        let payload = Payload(length)
        select new Case(
            $"{(isText ? "text" : "binary")} of {length} bytes",
            Wire.Frame(isText ? Wire.Text : Wire.Binary, payload),
            isText ? Transcript.Text(System.Text.Encoding.ASCII.GetString(payload)) : Transcript.Binary(payload));

    private static IEnumerable<Case> Masks =>
        from key in Keys
        from length in (int[])[0, 1, 5, 8, 13, 130]
        let payload = Payload(length)
        select new Case(
            $"{length} bytes under {Convert.ToHexStringLower(key)}", Wire.Frame(Wire.Binary, payload, true, 0, null, key), Transcript.Binary(payload));

    private static IEnumerable<Case> Controls =>
        from length in (int[])[0, 1, 4, 124, 125]
        from isPing in (bool[])[true, false]
        let payload = Enumerable.Range(0, length).Select(i => (byte)(i * 7)).ToArray()
        select new Case(
            $"{(isPing ? "Ping" : "Pong")} of {length} bytes",
            [.. Wire.Frame(isPing ? Wire.Ping : Wire.Pong, payload), .. Wire.Frame(Wire.Text, "a")],
            isPing ? Transcript.Ping(payload) : Transcript.Pong(payload),
            Transcript.Text("a"));

    private static IEnumerable<Case> BadFirstBytes =>
    [
        .. from opcode in (int[])[3, 4, 5, 6, 7, 11, 12, 13, 14, 15]
           from final in (bool[])[true, false]
           select Case.Wrong($"opcode {opcode}{(final ? "" : ", not final")}", Wire.Frame(opcode, [], final), ReadError.UnknownOpcode, 1),
        .. from opcode in Opcodes
           from reserved in Enumerable.Range(1, 7)
           select WrongFrame($"reserved bits {reserved} with opcode {opcode}", opcode, Wire.Frame(opcode, [], reserved: reserved), ReadError.ReservedBits, 1),
        .. from opcode in Opcodes
           from reserved in Enumerable.Range(1, 7)
           where reserved != 4 || opcode is not (Wire.Text or Wire.Binary)
           select WrongFrame($"reserved bits {reserved} with opcode {opcode} and deflate", opcode, Wire.Frame(opcode, [], reserved: reserved), ReadError.ReservedBits, 1)
               with { Deflate = true },
        .. from opcode in (int[])[Wire.Close, Wire.Ping, Wire.Pong]
           select WrongFrame($"control frame {opcode} in fragments", opcode, Wire.Frame(opcode, [], final: false), ReadError.FragmentedControl, 1),
        Case.Wrong("continuation of nothing", Wire.Frame(Wire.Continuation, "a"), ReadError.NoMessage, 1),
        Case.Wrong("continuation of nothing, not final", Wire.Frame(Wire.Continuation, "a", final: false), ReadError.NoMessage, 1),
        Case.Wrong("binary where only text is read", Wire.Frame(Wire.Binary, [1]), ReadError.NotText, 1) with { TextOnly = true },
    ];

    private static IEnumerable<Case> BadLengths =>
    [
        .. from opcode in Opcodes
           where opcode != Wire.Continuation
           select WrongFrame($"opcode {opcode} without a mask", opcode, Wire.Frame(opcode, [0x30], true, 0, null, null), ReadError.NotMasked, 2),
        .. from length in (int[])[0, 1, 125]
           select Case.Wrong($"{length} bytes with a length of two", Wire.Frame(Wire.Text, Payload(length), lengthBytes: 2), ReadError.NotShortest, 4),
        .. from length in (int[])[0, 1, 125, 126, 65_535]
           select Case.Wrong($"{length} bytes with a length of eight", Wire.Frame(Wire.Binary, Payload(length), lengthBytes: 8), ReadError.NotShortest, 8),
        .. from length in (ulong[])[1UL << 63, ulong.MaxValue]
           select Case.Wrong($"a length of {length}", Wire.Header(Wire.Text, length, 8), ReadError.NegativeLength, 3),
        .. from opcode in (int[])[Wire.Close, Wire.Ping, Wire.Pong]
           from length in (int[])[126, 65_536]
           select WrongFrame($"control frame {opcode} of {length} bytes", opcode, Wire.Frame(opcode, new byte[length]), ReadError.LongControl, 2),
        Case.Wrong("Ping whose short length has a long form", Wire.Frame(Wire.Ping, [1], lengthBytes: 2), ReadError.LongControl, 2),
    ];

    private static IEnumerable<Case> Several =>
    [
        Case.Text("nothing", []),
        Case.Text("two messages", [.. Wire.Frame(Wire.Text, "a"), .. Wire.Frame(Wire.Text, "b")], "a", "b"),
        new Case(
            "a hundred of all kinds",
            [.. Enumerable.Range(0, 100).SelectMany(i => Wire.Frame(i % 4 == 0 ? Wire.Ping : i % 4 == 1 ? Wire.Binary : Wire.Text, $"{i}"))],
            [.. Enumerable.Range(0, 100).Select(i => KindLine(i % 4, $"{i}"))]),
        new Case("half a header", Wire.Frame(Wire.Text, "abc")[..4]),
        new Case("half a message", Wire.Frame(Wire.Text, "abc")[..8]),
        new Case("a message and half a Ping", [.. Wire.Frame(Wire.Text, "a"), .. Wire.Frame(Wire.Ping, "abc")[..7]], Transcript.Text("a")),
        new Case(
            "an error, and then the client's Close",
            [.. Wire.Frame(3, "x"), .. Wire.Frame(Wire.Text, "too late"), .. Wire.Frame(7, [], false, 7, null, null), .. Wire.CloseFrame(1000, "bye"), 1, 2, 3],
            Transcript.Error(ReadError.UnknownOpcode), Transcript.Close(CloseCodes.None)),
        new Case(
            "a frame without a mask, and then the client's Close",
            [.. Wire.Frame(Wire.Text, [1, 2, 3], true, 0, null, null), .. Wire.Frame(Wire.Close, [], true, 0, null, null), .. Wire.Frame(Wire.Ping, [])],
            Transcript.Error(ReadError.NotMasked), Transcript.Close(CloseCodes.None)),
        new Case(
            "a length that cannot be, and then nothing means anything",
            [.. Wire.Header(Wire.Text, ulong.MaxValue, 8), .. Wire.Key, .. Wire.CloseFrame(1000)],
            Transcript.Error(ReadError.NegativeLength)),
    ];

    private static string KindLine(int kind, string text) =>
        kind switch { 0 => Transcript.Ping(Wire.Utf8(text)), 1 => Transcript.Binary(Wire.Utf8(text)), _ => Transcript.Text(text) };

    /// <summary>One frame; a Close frame is one, good or bad.</summary>
    private static Case WrongFrame(string name, int opcode, byte[] bytes, ReadError error, int at) =>
        new(name, bytes, [Transcript.Error(error), .. opcode == Wire.Close ? (string[])[Transcript.Close(CloseCodes.None)] : []]) { WrongAt = at };

    private static byte[] Payload(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)('a' + (i % 26)))];
}
