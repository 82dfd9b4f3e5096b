using System.Text;
using Danmaku.Chaos.Checks;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;

namespace Danmaku.Chaos.Cluster;

/// <summary>Reads a room's log as its origin would.</summary>
internal static class StoredLog
{
    private const int PageComments = 1000;
    private const int PageBytes = 1 << 20;

    /// <summary>Everything that the store has of a room, in order.</summary>
    public static async Task<IReadOnlyList<LoggedPost>> ReadAsync(
        IRoomStore store, RoomId room, PostTexts texts, CancellationToken cancellation)
    {
        var log = new List<LoggedPost>();
        var opening = await store.OpenAsync(room, new OpenRequest(0, 0, int.MaxValue, 0, 0), cancellation);
        var after = opening.Start;
        while (await store.ReadAsync(room, after, PageComments, PageBytes, cancellation) is { Count: > 0 } page)
        {
            log.AddRange(page.SelectMany(batch => batch.Comments, (batch, comment) =>
                new LoggedPost(
                    new Position(batch.Epoch, comment.Offset), texts.TryRead(Encoding.UTF8.GetBytes(comment.Text))?.Number ?? -1, comment.Time)));
            after = page[^1].Last;
        }

        return log;
    }
}
