using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Rooms;

/// <summary>The lives of one room at its origins, with a store in memory: what docs/vectors/resume.json asks them.</summary>
internal sealed class ResumeOrigin(RoomLimits limits, Retention retention) : IAsyncDisposable
{
    /// <summary>Rooms open before all epochs, so that a vector may name them.</summary>
    private const long Now = 0;

    private static readonly RoomId Id = RoomId.Parse("lobby");

    private readonly ManualTimeProvider _time = new();
    private readonly MemoryRoomStore _store = new(new Random(1));
    private Room? _room;
    private int _posts;

    /// <summary>What each danmaku takes of a page.</summary>
    public static int CommentBytes => new Comment(1, 0, "a", "x", CommentStyle.Default, null).Bytes;

    public string Head => ResumeNotation.Write(Room.Head);

    private Room Room => _room ?? throw new InvalidOperationException("The room has not lived yet.");

    /// <summary>Opens the room again, posts, and has the store keep the first of what was posted: the rest everybody sees without.</summary>
    public async Task LiveAsync(long epoch, int posts, int kept)
    {
        var request = new OpenRequest(epoch - 1, Now, limits.HistoryComments, 0, limits.MaxPostIds);
        _room = new Room(await _store.OpenAsync(Id, request, CancellationToken.None), limits, _time);
        for (var i = 0; i < posts; i++)
        {
            Assert.IsType<PostResult.Accepted>(Room.Post(
                new Post(new PostId((UInt128)(++_posts)), "a", "x", CommentStyle.Default, null, long.MaxValue)));
        }

        if (kept > 0)
        {
            var append = new RoomAppend(Id, epoch, [.. Room.TakeUnsaved().Take(kept)]);
            Assert.Equal([true], await _store.AppendAsync([append], CancellationToken.None));
            Room.Saved(kept);
        }

        Room.GoAhead();
        Room.TakePublished();

        if (kept > 0)
        {
            // A moment later, so that what was just said is not too young to be forgotten.
            await _store.TrimAsync(retention, _time.Now + 1, CancellationToken.None);
        }
    }

    /// <summary>What one is answered that has everything to a position, and where that comes from.</summary>
    public async Task<(string Source, IEnumerable<string> Page)> AskAsync(Position after, long? through) =>
        Room.Read(after, through ?? Position.MaxInteger) switch
        {
            RangeResult.Found found => ("memory", Write(found.Page)),
            RangeResult.Gone gone => ("nowhere", Write(gone.Newest)),
            _ when await ReadAsync(after) is { } page => ("store", Write(page)),
            _ => ("nowhere", Write(Room.Gone().Newest)),
        };

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private Task<IReadOnlyList<Batch>?> ReadAsync(Position after) =>
        _store.ReadAsync(Id, after, int.MaxValue, limits.PageBytes, CancellationToken.None);

    private static IEnumerable<string> Write(IReadOnlyList<Batch> batches) => batches.Select(ResumeNotation.Write);
}
