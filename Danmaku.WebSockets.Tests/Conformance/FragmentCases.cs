using Danmaku.WebSockets.Tests.Support;

namespace Danmaku.WebSockets.Tests.Conformance;

/// <summary>Messages of several frames, and control frames between them (RFC 6455 §5.4).</summary>
internal static class FragmentCases
{
    private const string Mixed = "aé弹🎈";

    public static IEnumerable<Case> All => [.. Counts, .. Cuts, .. Between, .. Wrong];

    private static IEnumerable<Case> Counts =>
    [
        .. from count in (int[])[2, 3, 5, 50]
           from length in (int[])[0, 1, 100, 200]
           let payload = Enumerable.Range(0, count * length).Select(i => (byte)('a' + (i % 26))).ToArray()
           select new Case(
               $"{count} fragments of {length} bytes",
               [.. Enumerable.Range(0, count).SelectMany(i =>
                   Wire.Frame(i == 0 ? Wire.Text : Wire.Continuation, payload[(i * length)..((i + 1) * length)], i == count - 1))],
               "text " + Transcript.Binary(payload)["binary ".Length..]),
        Case.Text("an empty fragment first", [.. Wire.Frame(Wire.Text, "", false), .. Wire.Frame(Wire.Continuation, "ab")], "ab"),
        Case.Text("an empty fragment last", [.. Wire.Frame(Wire.Text, "ab", false), .. Wire.Frame(Wire.Continuation, "")], "ab"),
        Case.Text(
            "an empty fragment in the middle",
            [.. Wire.Frame(Wire.Text, "a", false), .. Wire.Frame(Wire.Continuation, "", false), .. Wire.Frame(Wire.Continuation, "b"), .. Wire.Frame(Wire.Text, "c")],
            "ab", "c"),
        new Case(
            "a binary message in fragments, with bytes that are no text",
            [.. Wire.Frame(Wire.Binary, [0xff], false), .. Wire.Frame(Wire.Continuation, [0xfe])], Transcript.Binary([0xff, 0xfe])),
        new Case("fragments without an end", [.. Wire.Frame(Wire.Text, "a", false), .. Wire.Frame(Wire.Continuation, "b", false)]),
    ];

    /// <summary>A text is cut wherever it can be, also within a character.</summary>
    private static IEnumerable<Case> Cuts =>
        from cut in Enumerable.Range(0, Wire.Utf8(Mixed).Length + 1)
        let bytes = Wire.Utf8(Mixed)
        from middle in (byte[][])[[], Wire.Frame(Wire.Ping, "p")]
        select new Case(
            $"'{Mixed}' cut at byte {cut}{(middle.Length > 0 ? " with a Ping between" : "")}",
            [.. Wire.Frame(Wire.Text, bytes[..cut], false), .. middle, .. Wire.Frame(Wire.Continuation, bytes[cut..])],
            [.. middle.Length > 0 ? (string[])[Transcript.Ping(Wire.Utf8("p"))] : [], Transcript.Text(Mixed)]);

    private static IEnumerable<Case> Between =>
    [
        .. from opcode in (int[])[Wire.Ping, Wire.Pong]
           from length in (int[])[0, 3, 125]
           let payload = new byte[length]
           let line = opcode == Wire.Ping ? Transcript.Ping(payload) : Transcript.Pong(payload)
           select new Case(
               $"{(opcode == Wire.Ping ? "Pings" : "Pongs")} of {length} bytes around fragments",
               [.. Wire.Frame(opcode, payload), .. Wire.Frame(Wire.Text, "a", false), .. Wire.Frame(opcode, payload), .. Wire.Frame(Wire.Continuation, "b", false),
                   .. Wire.Frame(opcode, payload), .. Wire.Frame(opcode, payload), .. Wire.Frame(Wire.Continuation, "c"), .. Wire.Frame(opcode, payload)],
               line, line, line, line, Transcript.Text("abc"), line),
        new Case(
            "a Close within a message",
            [.. Wire.Frame(Wire.Text, "a", false), .. Wire.CloseFrame(1001, "off"), .. Wire.Frame(Wire.Continuation, "b")], Transcript.Close(1001, "off")),
    ];

    private static IEnumerable<Case> Wrong =>
    [
        .. from first in (int[])[Wire.Text, Wire.Binary]
           from second in (int[])[Wire.Text, Wire.Binary]
           from final in (bool[])[true, false]
           select Case.Wrong(
               $"{second} within {first}{(final ? "" : ", not final")}", [.. Wire.Frame(first, "a", false), .. Wire.Frame(second, "b", final)],
               ReadError.UnfinishedMessage, Wire.Frame(first, "a", false).Length + 1),
        new Case(
            "a continuation after the end", [.. Wire.Frame(Wire.Text, "a"), .. Wire.Frame(Wire.Continuation, "b")],
            Transcript.Text("a"), Transcript.Error(ReadError.NoMessage)),
        new Case(
            "a continuation after a message in fragments",
            [.. Wire.Frame(Wire.Text, "a", false), .. Wire.Frame(Wire.Continuation, "b"), .. Wire.Frame(Wire.Continuation, "c")],
            Transcript.Text("ab"), Transcript.Error(ReadError.NoMessage)),
        Case.Wrong(
            "RSV1 on a continuation of a compressed message",
            [.. Wire.Frame(Wire.Text, [0xf2, 0x48], false, 4), .. Wire.Frame(Wire.Continuation, [0xcd], true, 4)], ReadError.ReservedBits, 9) with { Deflate = true },
        Case.Wrong(
            "a fragmented Ping within a message", [.. Wire.Frame(Wire.Text, "a", false), .. Wire.Frame(Wire.Ping, "", false)], ReadError.FragmentedControl, 8),
    ];
}
