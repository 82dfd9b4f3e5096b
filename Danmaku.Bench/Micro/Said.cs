using Danmaku.Bench.Measure;
using Danmaku.Core.Rooms;

namespace Danmaku.Bench.Micro;

/// <summary>Danmaku for micro-benchmarks.</summary>
internal static class Said
{
    public const long Epoch = 1_790_000_000_000;

    private static readonly IReadOnlyList<string> Remarks = CorpusTexts.Remarks;

    /// <summary>Consecutive danmaku from this offset on.</summary>
    public static Batch Batch(long first, int count) => new(Epoch, Position.None, [.. Enumerable.Range(0, count).Select(i => Comment(first + i))]);

    public static Comment Comment(long offset) => new(
        offset, Epoch + offset, "viewer", Remarks[(int)(offset % Remarks.Count)], CommentStyle.Default, null);

    public static Post Post(long number) => new(
        new PostId((UInt128)number), "viewer", Remarks[(int)(number % Remarks.Count)], CommentStyle.Default, null, long.MaxValue);
}
