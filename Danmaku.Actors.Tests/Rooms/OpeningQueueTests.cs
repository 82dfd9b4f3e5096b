using Danmaku.Actors.Rooms;
using Danmaku.Core.Rooms;
using Danmaku.Testing;
using Xunit;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Tests.Rooms;

public sealed class OpeningQueueTests
{
    private static readonly RoomId Id = RoomId.Parse("lobby");

    private readonly ManualTimeProvider _time = new();
    private readonly OpeningQueue _opening;

    public OpeningQueueTests() => _opening = new OpeningQueue(_time);

    [Fact]
    public void No_more_waits_than_its_bound_and_all_of_it_goes_on_together()
    {
        for (var i = 0; i < OpeningQueue.MaxWaiting; i++)
        {
            Assert.True(_opening.TryAdd(Submit()));
        }

        Assert.False(_opening.TryAdd(Submit()));
        _opening.Clear();

        Assert.True(_opening.IsEmpty);
        Assert.True(_opening.TryAdd(Submit()));
    }

    [Fact]
    public void The_next_epoch_begins_after_the_latest_that_anybody_knows()
    {
        _opening.TryAdd(Submit(knownEpoch: 3));
        _opening.TryAdd(new AttachEdge(Id, new Position(5, 1), 1));
        _opening.TryAdd(new ReadHistory(Id, Position.None, 4));
        _opening.Learn(2);
        Assert.Equal(5, _opening.KnownEpoch);

        _opening.TryAdd(new FetchRange(Id, new MissingRange(6, 1, 1)));

        Assert.Equal(6, _opening.KnownEpoch);
    }

    [Fact]
    public void Two_owners_do_not_take_a_room_from_each_other_as_fast_as_they_can()
    {
        _time.Advance(TimeSpan.FromMinutes(1));
        _opening.Opened();
        Assert.False(_opening.MayOpenAtOnce);

        _time.Advance(OpeningQueue.ReopenAfter);

        Assert.True(_opening.MayOpenAtOnce);
    }

    [Fact]
    public void A_post_that_may_have_been_accepted_before_is_not_refused()
    {
        Assert.Equal(RejectReason.Unavailable, OpeningQueue.RefuseAway(Submit()).Reason);
        Assert.Equal(RejectReason.RoomLimit, OpeningQueue.RefuseFull(Submit()).Reason);
        Assert.True(OpeningQueue.RefuseAway(Submit(again: true)).IsUnknown);
        Assert.True(OpeningQueue.RefuseFull(Submit(again: true)).IsUnknown);
    }

    private static SubmitPost Submit(long knownEpoch = 0, bool again = false) =>
        new(Id, new Post(new PostId(1), "Mei", "hi", CommentStyle.Default, null, 1) { Again = again }, knownEpoch);
}
