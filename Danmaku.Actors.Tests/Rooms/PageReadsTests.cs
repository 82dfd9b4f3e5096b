using Akka.Actor;
using Danmaku.Actors.Rooms;
using Danmaku.Core.Rooms;
using Danmaku.Testing;
using Xunit;
using static Danmaku.Actors.Rooms.RoomProtocol;
using static Danmaku.Actors.Rooms.RoomSignals;

namespace Danmaku.Actors.Tests.Rooms;

public sealed class PageReadsTests : IDisposable
{
    private readonly OriginParts _origin = new(RoomLimits.Default with { HistoryComments = 2 });
    private readonly Listener _edge = new("edge");
    private readonly AttachedEdges _edges;
    private readonly PageReads _reads;

    public PageReadsTests()
    {
        _edges = new AttachedEdges(null, _origin.Time);
        _reads = new PageReads(OriginParts.Id, _origin.Room, _edges, _origin.Context, _origin.Owner);
        for (var id = 1; id <= 4; id++)
        {
            _origin.Room.Post(_origin.Submit(id).Post);
        }

        _origin.Room.Saved(4);
        _origin.Store.Hold();
    }

    public void Dispose() => _origin.Dispose();

    [Fact]
    public void What_is_in_memory_is_answered_at_once_in_the_form_that_was_asked_for()
    {
        _edges.TryCount(_edge, 3, out _);

        _reads.Answer(PageQuestion.Of(new AttachEdge(OriginParts.Id, At(2), 3, Question: 9), _edge));
        _reads.Answer(PageQuestion.Of(new FetchRange(OriginParts.Id, new MissingRange(OriginParts.Epoch, 3, 3)), _edge));
        _reads.Answer(PageQuestion.Of(new ReadHistory(OriginParts.Id, At(3), 0), _edge));

        var (attached, fetched, history) = ((Attached)_edge.Told.First(), (Attached)_edge.Told.ElementAt(1), (HistoryPage)_edge.Told.Last());
        Assert.Equal((9, 3, 4), (attached.Question, attached.Viewers, attached.Head.Top.Offset));
        Assert.Equal(["3", "4"], Texts(attached.Page));
        Assert.Equal((0, "3"), (fetched.Question, Texts(fetched.Page).Single()));
        Assert.Equal((At(3), "4"), (history.After, Texts(history.Page).Single()));
    }

    [Fact]
    public async Task What_is_older_is_read_from_the_store_once_for_each_question()
    {
        _reads.Answer(Older(_edge));
        _reads.Answer(Older(_edge) with { Number = 1 });
        _reads.Answer(Older(new Listener("another edge")));
        Assert.Empty(_edge.Told);
        _origin.Store.Release();
        await Eventually.TrueAsync(() => _origin.Owner.Told.Count == 2);

        var read = _origin.Owner.Told.Cast<StoreRead>().First(read => read.Question.Edge.Equals(_edge));
        _reads.OnStoreRead(read);
        _reads.Answer(Older(_edge));

        await Eventually.TrueAsync(() => _origin.Owner.Told.Count == 3);
    }

    [Fact]
    public void What_the_store_has_read_is_answered_what_it_has_not_is_gone_and_its_failure_is_no_answer()
    {
        var page = new Batch(OriginParts.Epoch, Position.None, [new Comment(1, 1, "a", "old", CommentStyle.Default, null)]);

        _reads.OnStoreRead(new StoreRead(Older(_edge), null, new IOException("The store is away.")));
        _reads.OnStoreRead(new StoreRead(Older(_edge), [page], null));
        _reads.OnStoreRead(new StoreRead(Older(_edge), null, null));
        _reads.OnStoreRead(new StoreRead(Older(_edge) with { IsHistory = true }, null, null));

        Assert.Equal(3, _edge.Told.Count);
        Assert.Equal(["old"], Texts(((Attached)_edge.Told.First()).Page));
        Assert.Equal(["3", "4"], Texts(((RangeGone)_edge.Told.ElementAt(1)).Newest));
        Assert.IsType<HistoryGone>(_edge.Told.Last());
    }

    [Fact]
    public async Task No_more_pages_wait_for_the_store_than_their_bound()
    {
        for (var i = 0; i <= PageReads.MaxReading; i++)
        {
            _reads.Answer(Older(new Listener($"edge-{i}")));
        }

        _origin.Store.Release();
        await Eventually.TrueAsync(() => _origin.Owner.Told.Count >= PageReads.MaxReading);
        _reads.OnStoreRead(_origin.Owner.Told.Cast<StoreRead>().First());
        _reads.Answer(Older(_edge));
        await Eventually.TrueAsync(() => _origin.Owner.Told.Cast<StoreRead>().Any(read => read.Question.Edge.Equals(_edge)));

        Assert.Equal(PageReads.MaxReading + 1, _origin.Owner.Told.Count);
    }

    private static Position At(long offset) => new(OriginParts.Epoch, offset);

    private static PageQuestion Older(IActorRef edge) => new(edge, At(0), Position.MaxInteger, IsHistory: false, Number: 0);

    private static IEnumerable<string> Texts(IEnumerable<Slice> slices) => slices.SelectMany(slice => slice.Decode().Comments).Select(comment => comment.Text);
}
