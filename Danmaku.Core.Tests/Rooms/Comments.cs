using Danmaku.Core.Rooms;

namespace Danmaku.Core.Tests.Rooms;

/// <summary>Danmaku for tests; the text tells the position.</summary>
internal static class Comments
{
    public static Comment At(long epoch, long offset) =>
        new(offset, 1000 + offset, "a", $"{epoch}:{offset}", CommentStyle.Default, null);

    public static Batch Batch(long epoch, Position previous, long from, long through) =>
        new(epoch, previous, [.. Enumerable.Range(0, (int)(through - from + 1)).Select(i => At(epoch, from + i))]);

    /// <summary>The texts of batches, in order.</summary>
    public static IEnumerable<string> Texts(this IEnumerable<Batch> batches) =>
        batches.SelectMany(batch => batch.Comments).Select(comment => comment.Text);
}
