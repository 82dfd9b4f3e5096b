using Danmaku.WebSockets.Tests.Support;

namespace Danmaku.WebSockets.Tests.Conformance;

/// <summary>Each case means the same however its bytes are cut, and what is wrong is refused at the first byte that cannot be right.</summary>
public sealed class ConformanceTests
{
    internal static readonly Dictionary<string, Case> Cases =
        new Case[][] { [.. FramingCases.All], [.. FragmentCases.All], [.. Utf8Cases.All], [.. CloseCases.All], [.. LimitCases.All], [.. DeflateCases.All] }
            .SelectMany((group, i) => group.Select(found => ($"{Groups[i]}: {found.Name}", found)))
            .ToDictionary();

    public static TheoryData<string> Names => [.. Cases.Keys];

    private static string[] Groups => ["framing", "fragments", "utf-8", "close", "limits", "deflate"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Whole(string name) => Check(Cases[name], [int.MaxValue]);

    [Theory]
    [MemberData(nameof(Names))]
    public void In_pieces(string name)
    {
        for (var seed = 0; seed < 5; seed++)
        {
            var random = new Random(seed);
            Check(Cases[name], Enumerable.Range(0, int.MaxValue).Select(_ => random.Next(1, seed < 3 ? 8 : 2000)));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Byte_by_byte(string name)
    {
        var at = Check(Cases[name], [1]);

        Assert.Equal(Cases[name].WrongAt ?? at, at);
    }

    /// <returns>After how many bytes the first error came; null for none.</returns>
    private static int? Check(Case expected, IEnumerable<int> pieces)
    {
        var memory = new CountedMemory(int.MaxValue);
        using var reader = new MessageReader(expected.Options with { Memory = memory });

        var heard = Transcript.Read(reader, expected.Bytes, pieces);

        Assert.Equal(expected.Heard, heard.Select(line => line.Line));
        reader.Dispose();
        Assert.Equal(0, memory.Used);
        return heard.Where(line => line.Line.StartsWith("error", StringComparison.Ordinal)).Select(line => (int?)line.At).FirstOrDefault();
    }
}
