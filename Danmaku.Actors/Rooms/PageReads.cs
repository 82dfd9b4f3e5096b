using Akka.Actor;
using Danmaku.Core.Rooms;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Rooms;

/// <summary>
/// Answers edges that ask what follows a position, a page at a time: from the room's memory, or from the store, which is asked once for each question.
/// </summary>
/// <param name="edges">All answers say how many people are in the room.</param>
/// <param name="owner">Gets <see cref="RoomSignals.StoreRead"/>, and gives it to <see cref="OnStoreRead"/>.</param>
internal sealed class PageReads(RoomId id, Room room, AttachedEdges edges, OriginContext origin, IActorRef owner)
{
    /// <summary>Most pages that wait for the store. Edges ask again for what is dropped.</summary>
    public const int MaxReading = 1024;

    private readonly HashSet<PageQuestion> _reading = [];

    public void Answer(PageQuestion question)
    {
        edges.Seen(question.Edge);
        switch (room.Read(question.After, question.Through))
        {
            case RangeResult.Found found:
                Answer(question, found.Page);
                break;
            case RangeResult.Gone gone:
                Answer(question, gone);
                break;
            case RangeResult.Older when _reading.Count < MaxReading && _reading.Add(KeyOf(question)):
                origin.Store.ReadAsync(id, question.After, origin.Limits.PageBytes).PipeTo(
                    owner,
                    success: page => new RoomSignals.StoreRead(question, page, null),
                    failure: error => new RoomSignals.StoreRead(question, null, error));
                break;
        }
    }

    public void OnStoreRead(RoomSignals.StoreRead read)
    {
        _reading.Remove(KeyOf(read.Question));
        if (read.Page is { } page)
        {
            Answer(read.Question, room.WithoutRecalled(page));
        }
        else if (read.Error is null)
        {
            Answer(read.Question, room.Gone());
        }
    }

    /// <summary>An edge that asks again asks for the same page.</summary>
    private static PageQuestion KeyOf(PageQuestion question) => question with { Number = 0, Through = 0 };

    private void Answer(PageQuestion question, IReadOnlyList<Batch> page) => question.Edge.Tell(question.IsHistory
        ? new HistoryPage(id, question.After, Encode(page))
        : new Attached(id, room.Head, edges.Viewers, Encode(page), question.Number));

    private void Answer(PageQuestion question, RangeResult.Gone gone) => question.Edge.Tell(question.IsHistory
        ? new HistoryGone(id, question.After)
        : new RangeGone(id, question.After, gone.Head, edges.Viewers, Encode(gone.Newest), question.Number));

    private Slice[] Encode(IReadOnlyList<Batch> batches) => [.. batches.Select(batch => Slice.Encode(id, batch, isPlain: !origin.Wire.ReadsSources))];
}

/// <summary>An edge asks what follows a position.</summary>
/// <param name="Through">The last offset that it needs.</param>
/// <param name="IsHistory">Whether it is for a viewer who resumes, and not for the edge's own order.</param>
/// <param name="Number">Given back in the answer.</param>
internal sealed record PageQuestion(IActorRef Edge, Position After, long Through, bool IsHistory, long Number)
{
    public static PageQuestion Of(AttachEdge attach, IActorRef edge) => new(edge, attach.Have, Position.MaxInteger, false, attach.Question);

    public static PageQuestion Of(FetchRange fetch, IActorRef edge) => new(edge, fetch.Range.Have, fetch.Range.Through, false, 0);

    public static PageQuestion Of(ReadHistory read, IActorRef edge) => new(edge, read.After, Position.MaxInteger, true, 0);
}
