using BenchmarkDotNet.Attributes;
using Danmaku.Core.Rooms;

namespace Danmaku.Bench.Micro;

/// <summary>What the rules for text cost each post, at its edge and at its origin.</summary>
[MemoryDiagnoser]
public class TextBenchmarks
{
    [Params(
        "hello everybody, that was close!", "前方高能预警,非战斗人员请撤离!", "Привет, мир", "👨‍👩‍👧‍👦❤️ family 🇯🇵 time", "می‌خواهم ببینم", "Việt Nam đẹp")]
    public string Text { get; set; } = "";

    [Benchmark]
    public RejectReason? Check() => TextRules.Check(Text, RoomLimits.Default.MaxTextChars, out _);
}
