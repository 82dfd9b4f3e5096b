using Danmaku.Core.Identities;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;

namespace Danmaku.Storage.Tests;

/// <summary>Danmaku and requests for tests. A text tells its position, an id too.</summary>
internal static class Some
{
    /// <summary>When the tests' rooms open, Unix milliseconds.</summary>
    public const long Now = 1_790_000_000_000;

    public static readonly RoomId Lobby = RoomId.Parse("lobby");

    public static readonly Retention Everything = new(int.MaxValue, TimeSpan.FromDays(365));

    /// <summary>The newest so many, however young.</summary>
    public static Retention Newest(int count) => new(count, TimeSpan.FromDays(365)) { MinAge = TimeSpan.Zero };

    public static OpenRequest Request(long now = Now, long known = 0, int history = 1000, long idsSince = 0, int maxIds = 1000) =>
        new(known, now, history, idsSince, maxIds);

    public static PostId Id(long epoch, long offset) => new(((UInt128)epoch << 64) | (UInt128)offset);

    public static Comment Comment(long epoch, long offset, long time = Now, string? text = null) =>
        new(offset, time, "a", text ?? $"{epoch}:{offset}", CommentStyle.Default, null);

    /// <summary>Consecutive danmaku.</summary>
    public static RoomAppend Append(RoomId room, long epoch, long from, long through, long time = Now) => new(
        room,
        epoch,
        [.. Enumerable.Range(0, (int)(through - from + 1)).Select(i => (Id(epoch, from + i), Comment(epoch, from + i, time)))]);

    public static readonly UserId Mei = new UserId([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);

    public static readonly UserId Kai = new UserId([2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);

    /// <summary>What one person said, with the id of its post.</summary>
    public static (PostId Id, Comment Comment) Said(long epoch, long offset, UserId user, long time) =>
        (Id(epoch, offset), Comment(epoch, offset, time) with { User = user });

    public static RoomAppend Recalling(long epoch, long offset, Recall recall) =>
        new(Lobby, epoch, [(Id(epoch, offset), new Comment(offset, Now, "", "", CommentStyle.Default, null) { Recall = recall })]);

    /// <summary>The texts of batches, in order.</summary>
    public static IEnumerable<string> Texts(this IEnumerable<Batch> batches) =>
        batches.SelectMany(batch => batch.Comments).Select(comment => comment.Text);

    public static Task<RoomOpening> OpenAsync(this IRoomStore store, RoomId room, OpenRequest? request = null) =>
        store.OpenAsync(room, request ?? Request(), default);

    public static async Task<bool> AppendAsync(this IRoomStore store, RoomAppend append) =>
        (await store.AppendAsync([append], default)).Single();

    public static Task<IReadOnlyList<Batch>?> ReadAsync(
        this IRoomStore store, RoomId room, Position after, int maxComments = int.MaxValue, int maxBytes = int.MaxValue) =>
        store.ReadAsync(room, after, maxComments, maxBytes, default);

    /// <summary>Trims until nothing more is to be forgotten.</summary>
    public static async Task TrimAllAsync(this IRoomStore store, Retention retention, long now = Now)
    {
        while (await store.TrimAsync(retention, now, default))
        {
        }
    }
}
