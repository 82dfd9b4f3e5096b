using Danmaku.Actors.Rooms;
using Danmaku.Core.Identities;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Xunit;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Tests.Rooms;

public sealed class RoomPostsTests : IDisposable
{
    private readonly OriginParts _origin = new(maxUnsaved: 2);
    private readonly Listener _mei = new("mei");
    private readonly RoomPosts _posts;

    public RoomPostsTests() => _posts = new RoomPosts(OriginParts.Id, _origin.Room, _origin.Context, _origin.Owner);

    public void Dispose() => _origin.Dispose();

    [Fact]
    public void A_post_is_appended_first_and_then_published_and_acknowledged()
    {
        Assert.True(_posts.TryAccept(_origin.Submit(1), _mei));
        Assert.False(_posts.Settle());
        Assert.Empty(_mei.Told);
        var append = Assert.IsType<RoomAppend>(Assert.Single(_origin.Lane.Told));
        Assert.Equal((OriginParts.Epoch, "1"), (append.Epoch, append.Comments.Single().Comment.Text));

        _posts.Saved(append.Last.Offset);

        Assert.True(_posts.Settle());
        Assert.Equal(["1"], _origin.TakePublished());
        Assert.Equal((1, true), Assert.IsType<PostAnswer>(Assert.Single(_mei.Told)) is var answer ? (answer.Position.Offset, answer.IsDurable) : default);
    }

    [Fact]
    public void The_store_has_one_append_of_a_room_at_a_time_and_the_next_has_all_that_came_meanwhile()
    {
        using var origin = new OriginParts();
        var posts = new RoomPosts(OriginParts.Id, origin.Room, origin.Context, origin.Owner);
        for (var id = 1; id <= 3; id++)
        {
            posts.TryAccept(origin.Submit(id), _mei);
            posts.Settle();
        }

        Assert.Single(origin.Lane.Told);
        posts.Saved(1);
        posts.Settle();

        Assert.Equal([1, 2], origin.Lane.Told.Cast<RoomAppend>().Select(append => append.Comments.Count));
    }

    [Fact]
    public void A_repeat_and_a_refusal_leave_nothing_to_settle_and_are_answered()
    {
        _posts.TryAccept(_origin.Submit(1), _mei);
        _posts.TryAccept(_origin.Submit(2), _mei);
        _posts.Settle();

        Assert.False(_posts.TryAccept(_origin.Submit(1), new Listener("kai")));
        Assert.False(_posts.TryAccept(_origin.Submit(3), _mei));

        Assert.Equal(RejectReason.Unavailable, Assert.IsType<PostAnswer>(Assert.Single(_mei.Told)).Reason);
    }

    [Fact]
    public void A_recall_is_shown_without_a_slow_store_and_acknowledged_only_when_it_is_stored()
    {
        using var origin = new OriginParts();
        var withdrawn = new List<RoomId>();
        var posts = new RoomPosts(OriginParts.Id, origin.Room, origin.Context with { Withdrawn = withdrawn.Add }, origin.Owner);
        var recall = origin.Submit(1);
        posts.TryAccept(recall with { Post = recall.Post with { Recall = Recall.Everything.Instance, Role = Role.Moderator } }, _mei);
        posts.Settle();
        origin.Time.Advance(RoomLimits.Default.StoreTimeout);

        posts.GoAheadWhenOverdue();
        Assert.True(posts.Settle());
        Assert.Empty(_mei.Told);
        Assert.Empty(withdrawn);
        posts.Saved(1);
        posts.Settle();

        Assert.True(Assert.IsType<PostAnswer>(Assert.Single(_mei.Told)).IsDurable);
        Assert.Equal([OriginParts.Id], withdrawn);
    }

    [Fact]
    public void What_a_slow_store_keeps_waiting_is_shown_and_acknowledged_a_second_time_when_it_is_stored()
    {
        _posts.TryAccept(_origin.Submit(1), _mei);
        _posts.Settle();
        _posts.GoAheadWhenOverdue();
        Assert.False(_posts.Settle());
        _origin.Time.Advance(RoomLimits.Default.StoreTimeout);

        _posts.GoAheadWhenOverdue();
        Assert.True(_posts.Settle());
        _posts.Saved(1);
        Assert.False(_posts.Settle());

        Assert.Equal(["1"], _origin.TakePublished());
        Assert.Equal([false, true], _mei.Told.Cast<PostAnswer>().Select(answer => answer.IsDurable));
    }

    [Fact]
    public void A_room_that_closes_gives_back_its_share_of_what_waits_and_tells_authors_that_nobody_knows()
    {
        _posts.TryAccept(_origin.Submit(1), _mei);
        _posts.TryAccept(_origin.Submit(2), _mei);
        _posts.Settle();
        Assert.True(_origin.Unsaved.IsFull);

        _posts.GiveUp();

        Assert.False(_origin.Unsaved.IsFull);
        Assert.Equal([true, true], _mei.Told.Cast<PostAnswer>().Select(answer => answer.IsUnknown));
    }

    [Fact]
    public void An_epoch_is_to_end_when_its_times_are_ahead_and_the_store_is_not_behind()
    {
        Assert.False(_posts.IsEpochToEnd);
        _origin.Time.Shift(TimeSpan.FromDays(8));
        _posts.TryAccept(_origin.Submit(1), _mei);
        _posts.Settle();
        _origin.Time.Shift(TimeSpan.FromDays(-8));
        Assert.True(_posts.IsEpochToEnd);

        _origin.Time.Advance(RoomLimits.Default.StoreTimeout);
        _posts.GoAheadWhenOverdue();

        Assert.False(_posts.IsEpochToEnd);
    }
}
