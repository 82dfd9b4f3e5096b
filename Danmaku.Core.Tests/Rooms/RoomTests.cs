using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Testing;
using FsCheck;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Rooms;

public class RoomTests
{
    private const long Epoch = 1_790_000_000_000;

    private readonly ManualTimeProvider _time = new();
    private readonly RoomLimits _limits = RoomLimits.Default with { PostsPerSecond = 5, MaxPostIds = 6 };
    private readonly Room _room;

    public RoomTests() => _room = new Room(RoomOpening.First(Epoch), _limits, _time);

    [Fact]
    public void An_accepted_post_takes_the_next_offset()
    {
        var first = Accept("a");
        var second = Accept("b");

        Assert.Equal(new Position(Epoch, 1), first.Position);
        Assert.Equal(new Position(Epoch, 2), second.Position);
        Assert.Equal(
            [new Comment(1, _time.Now, "Mei", "a", CommentStyle.Default, 7), new Comment(2, _time.Now, "Mei", "b", CommentStyle.Default, 7)],
            _room.TakeUnsaved().Select(unsaved => unsaved.Comment));
    }

    [Theory]
    [InlineData("\u202e", "Mei", RejectReason.TextEmpty)]
    [InlineData("\0", "Mei", RejectReason.TextInvalid)]
    [InlineData("  ", "Mei", RejectReason.TextEmpty)]
    [InlineData("12345678901", "Mei", RejectReason.TextTooLong)]
    [InlineData("a", "", RejectReason.FieldInvalid)]
    [InlineData("a", "\u001b[31mMei", RejectReason.FieldInvalid)]
    [InlineData("a", "1234567890123456789012345", RejectReason.FieldInvalid)]
    public void A_post_that_no_edge_should_have_forwarded_is_refused_and_takes_no_offset(string text, string author, RejectReason reason)
    {
        var room = new Room(RoomOpening.First(Epoch), _limits with { MaxTextChars = 5, MaxPlainTextChars = 10 }, _time);

        var refused = room.Post(Make(text) with { Author = author });
        var accepted = room.Post(Make(" ten chars. ", id: 2) with { Author = " Mei " });

        Assert.Equal(new PostResult.Rejected(reason, null), refused);
        Assert.Equal(new Position(Epoch, 1), Assert.IsType<PostResult.Accepted>(accepted).Position);
        Assert.Equal(("Mei", "ten chars."), room.TakeUnsaved().Select(unsaved => (unsaved.Comment.Author, unsaved.Comment.Text)).Single());
    }

    [Fact]
    public void A_repeat_gets_the_position_it_has_and_is_not_posted_again()
    {
        Accept("a", id: 1);
        Accept("b", id: 2);

        var repeat = _room.Post(Make("a", id: 1));

        Assert.Equal(new PostResult.Repeated(new Position(Epoch, 1), PostState.Pending), repeat);
        Assert.Equal(2, _room.Unsaved);
    }

    [Fact]
    public void A_repeat_is_recognised_also_after_its_deadline_and_in_a_busy_room()
    {
        var post = Make("a", id: 1);
        _room.Post(post);
        _time.Advance(TimeSpan.FromMinutes(1));
        ExhaustRate();

        var repeat = _room.Post(post);

        Assert.Equal(new Position(Epoch, 1), Assert.IsType<PostResult.Repeated>(repeat).Position);
    }

    [Fact]
    public void A_post_after_its_deadline_is_refused_and_takes_no_offset()
    {
        var post = Make("a");
        _time.Advance(TimeSpan.FromMilliseconds(5001));

        Assert.Equal(new PostResult.Rejected(RejectReason.Expired, null), _room.Post(post));

        Assert.Equal(0, _room.Unsaved);
    }

    [Fact]
    public void A_post_at_its_deadline_is_accepted()
    {
        var post = Make("a");
        _time.Advance(TimeSpan.FromMilliseconds(5000));

        Assert.IsType<PostResult.Accepted>(_room.Post(post));
    }

    [Fact]
    public void A_busy_room_refuses_and_says_when_to_try_again()
    {
        ExhaustRate();

        var rejected = Assert.IsType<PostResult.Rejected>(_room.Post(Make("late", id: 99)));

        Assert.Equal(RejectReason.RoomBusy, rejected.Reason);
        Assert.Equal(TimeSpan.FromMilliseconds(200), rejected.RetryAfter);
        _time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.IsType<PostResult.Accepted>(_room.Post(Make("late", id: 99)));
    }

    [Fact]
    public void An_id_is_forgotten_after_its_window()
    {
        Accept("a", id: 1);
        _time.Advance(_limits.PostIdWindow);
        Assert.IsType<PostResult.Repeated>(_room.Post(Make("a", id: 1)));

        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.IsType<PostResult.Accepted>(_room.Post(Make("a", id: 1)));
    }

    [Fact]
    public void The_number_of_remembered_ids_is_bounded_and_the_oldest_are_forgotten_first()
    {
        for (var id = 1u; id <= 7; id++)
        {
            Accept("a", id);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        for (var id = 2u; id <= 7; id++)
        {
            Assert.Equal(new Position(Epoch, id), Assert.IsType<PostResult.Repeated>(_room.Post(Make("a", id))).Position);
        }

        Assert.IsType<PostResult.Accepted>(_room.Post(Make("a", id: 1)));
    }

    [Fact]
    public void Time_in_a_room_never_runs_backwards()
    {
        Accept("a");
        _time.Shift(TimeSpan.FromHours(-1));
        Accept("b");
        _time.Shift(TimeSpan.FromHours(2));
        Accept("c");

        var times = _room.TakeUnsaved().Select(unsaved => unsaved.Comment.Time).ToArray();
        Assert.Equal([times[0], times[0], times[0] + 3_600_000], times);
    }

    [Fact]
    public void Time_in_a_room_continues_from_the_last_owner()
    {
        var later = _time.Now + 5_000;
        var room = new Room(RoomOpening.First(Epoch) with { LastTime = later }, _limits, _time);

        room.Post(Make("a"));

        Assert.Equal(later, room.TakeUnsaved().Single().Comment.Time);
    }

    [Fact]
    public void Time_in_a_room_does_not_continue_from_a_wrong_clock()
    {
        var room = new Room(RoomOpening.First(Epoch) with { LastTime = _time.Now + 5_001 }, _limits, _time);

        room.Post(Make("a"));

        Assert.Equal(_time.Now, room.TakeUnsaved().Single().Comment.Time);
    }

    [Fact]
    public void A_room_says_when_it_was_stamped_ahead_and_stays_so_until_time_has_come_that_far()
    {
        Assert.False(_room.IsStampedAhead);
        Accept("a");
        _time.Shift(TimeSpan.FromSeconds(-5));
        Assert.False(_room.IsStampedAhead);

        _time.Shift(TimeSpan.FromDays(-8));

        Assert.True(_room.IsStampedAhead);
        _time.Advance(TimeSpan.FromDays(8));
        Assert.False(_room.IsStampedAhead);
    }

    [Fact]
    public void An_origin_that_cannot_stamp_refuses_new_posts_and_recognises_repeats()
    {
        var known = Accept("a", id: 1);

        Assert.Equal(known.Position, Assert.IsType<PostResult.Repeated>(_room.Post(Make("a", 1), canTake: false)).Position);
        Assert.Equal(RejectReason.Unavailable, Assert.IsType<PostResult.Rejected>(_room.Post(Make("b", 2), canTake: false)).Reason);
    }

    [Fact]
    public void An_edge_gets_a_missing_range_in_pages()
    {
        var room = Open(_limits with { PageBytes = 2 * Size, PostsPerSecond = 100 }, posts: 5);

        var pages = new[] { room.Read(At(1)), room.Read(At(3), 5), room.Read(At(3)), room.Read(Position.None), room.Read(At(1), 2) };

        Assert.Equal([(2, 3), (4, 5), (4, 5), (1, 2), (2, 2)], pages.Select(page => Offsets(Assert.IsType<RangeResult.Found>(page).Page.Single())));
        Assert.Empty(Assert.IsType<RangeResult.Found>(room.Read(room.Top)).Page);
    }

    [Fact]
    public void Older_danmaku_may_be_in_the_store_and_unknown_ones_are_gone()
    {
        var room = Open(_limits with { HistoryComments = 2, PostsPerSecond = 100 }, posts: 5);

        Assert.IsType<RangeResult.Older>(room.Read(At(2)));
        Assert.IsType<RangeResult.Older>(room.Read(new Position(Epoch - 1, 1)));
        var gone = Assert.IsType<RangeResult.Gone>(room.Read(At(6)));
        Assert.Equal(room.Head, gone.Head);
        Assert.Equal((4, 5), Offsets(gone.Newest.Single()));
        Assert.Equal((4, 5), Offsets(Assert.IsType<RangeResult.Found>(room.Read(Position.None)).Page.Single()));
    }

    [Fact]
    public void An_edge_goes_on_from_an_epoch_before_into_this_one()
    {
        var before = new Batch(Epoch - 5, Position.None, [.. Enumerable.Range(11, 2).Select(offset => new Comment(offset, 1, "a", "b", CommentStyle.Default, null))]);
        var opening = new RoomOpening(Epoch, before.Last, 1, before.First with { Offset = 10 }, [before], []);
        var room = new Room(opening, _limits, _time);

        Assert.Empty(Assert.IsType<RangeResult.Found>(room.Read(before.Last)).Page);
        Assert.Equal(new RoomHead(At(0), before.Last), room.Head);
        room.Post(Make("a"));
        room.Saved(1);

        var page = Assert.IsType<RangeResult.Found>(room.Read(before.First)).Page;
        Assert.Equal([before.Last, At(1)], page.Select(batch => batch.First));
        Assert.Equal([Position.None, before.Last], page.Select(batch => batch.Previous));
        Assert.Equal([At(1)], Assert.IsType<RangeResult.Found>(room.Read(before.Last with { Offset = 99 })).Page.Select(batch => batch.First));
        Assert.IsType<RangeResult.Older>(room.Read(before.First with { Offset = 9 }));
    }

    [Fact]
    public void Only_stored_danmaku_are_shown()
    {
        Accept("a");
        Accept("b");

        Assert.Empty(_room.TakePublished());
        Assert.Equal(At(0), _room.Top);
        _room.Saved(1);

        Assert.Equal((1, 1), Offsets(_room.TakePublished().Single()));
        Assert.Equal((At(1), 1, 1), (_room.Top, _room.SavedOffset, _room.Unsaved));
        Assert.Empty(_room.TakePublished());
    }

    [Fact]
    public void A_room_goes_ahead_of_a_store_that_is_too_slow_and_waits_again_when_it_has_caught_up()
    {
        Accept("a", id: 1);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(1), _room.OverdueIn);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.Zero, _room.OverdueIn);

        _room.GoAhead();
        var second = Accept("b", id: 2);

        Assert.Equal((1, 2), Offsets(_room.TakePublished().Single()));
        Assert.Equal(PostState.Seen, second.State);
        Assert.Equal(PostState.Seen, Assert.IsType<PostResult.Repeated>(_room.Post(Make("a", id: 1))).State);
        Assert.Null(_room.OverdueIn);

        _room.Saved(2);

        Assert.False(_room.IsAheadOfStore);
        Assert.Empty(_room.TakePublished());
        Assert.Equal(PostState.Saved, Assert.IsType<PostResult.Repeated>(_room.Post(Make("a", id: 1))).State);
        Assert.Equal(PostState.Pending, Accept("c", id: 3).State);
    }

    [Fact]
    public void A_room_under_load_waits_for_the_store_again_although_something_is_always_on_its_way()
    {
        Accept("a", id: 1);
        _time.Advance(_limits.StoreTimeout);
        _room.GoAhead();
        Accept("b", id: 2);

        _room.Saved(1);

        Assert.False(_room.IsAheadOfStore);
        Assert.Equal(PostState.Pending, Accept("c", id: 3).State);
        _room.Saved(3);
        Assert.Equal([1L, 2, 3], _room.TakePublished().SelectMany(batch => batch.Comments).Select(comment => comment.Offset));
    }

    [Fact]
    public void The_number_of_unsaved_danmaku_is_bounded_and_repeats_are_still_recognised()
    {
        var room = new Room(RoomOpening.First(Epoch), _limits with { MaxUnsaved = 2, MaxAppend = 1 }, _time);
        room.Post(Make("a", 1));
        room.Post(Make("b", 2));

        Assert.Equal(new PostResult.Rejected(RejectReason.Unavailable, TimeSpan.FromSeconds(1)), room.Post(Make("c", 3)));
        Assert.IsType<PostResult.Repeated>(room.Post(Make("a", 1)));
        Assert.Equal([new PostId(1)], room.TakeUnsaved().Select(unsaved => unsaved.Id));
        room.Saved(1);
        Assert.IsType<PostResult.Accepted>(room.Post(Make("c", 3)));
    }

    [Fact]
    public void Posts_of_the_last_owner_are_repeats_until_their_window_ends()
    {
        var accepted = _time.Now - (long)_limits.PostIdWindow.TotalMilliseconds + 1000;
        var at = new Position(Epoch - 1, 7);
        var room = new Room(RoomOpening.First(Epoch) with { LastTime = _time.Now, Posts = [(new PostId(1), at, accepted)] }, _limits, _time);

        Assert.Equal(new PostResult.Repeated(at, PostState.Saved), room.Post(Make("a", 1)));
        _time.Advance(TimeSpan.FromMilliseconds(1001));

        Assert.IsType<PostResult.Accepted>(room.Post(Make("a", 1)));
    }

    [Fact]
    public void Danmaku_go_to_edges_in_pieces_of_bounded_size()
    {
        var room = new Room(RoomOpening.First(Epoch), RoomLimits.Default with { MaxTextChars = 1000 }, _time);
        for (var id = 1u; id <= 20; id++)
        {
            room.Post(Make(new string('x', 1000), id));
        }

        room.Saved(20);

        var pieces = room.TakePublished();
        Assert.InRange(pieces.Count, 3, 10);
        Assert.All(pieces, piece => Assert.InRange(piece.Comments.Sum(comment => comment.Bytes), 1, 16 * 1024));
        Assert.Equal(Enumerable.Range(1, 20).Select(offset => (long)offset), pieces.SelectMany(piece => piece.Comments).Select(comment => comment.Offset));
    }

    [Fact]
    public void In_a_full_room_clients_that_have_posted_little_go_first()
    {
        const int PerSecond = 20;
        var room = new Room(RoomOpening.First(Epoch), RoomLimits.Default with { PostsPerSecond = PerSecond }, _time);
        var (id, refused, accepted) = (0u, 0, 0);
        for (var second = 0; second < 60; second++)
        {
            // Three want more than there is, and each fourth second five others say something.
            for (var i = 0; i < 3 * PerSecond; i++)
            {
                accepted += Post(1 + (i % 3)) is PostResult.Accepted ? 1 : 0;
                _time.Advance(TimeSpan.FromSeconds(1) / (3 * PerSecond));
            }

            for (var quiet = 10; second >= 30 && second % 4 == 0 && quiet < 15; quiet++)
            {
                refused += Post(quiet) is PostResult.Accepted ? 0 : 1;
            }
        }

        Assert.Equal(0, refused);
        Assert.InRange(accepted, 50 * PerSecond, 61 * PerSecond);
        while (Post(1) is PostResult.Accepted)
        {
        }

        Assert.Equal(RejectReason.RoomBusy, Assert.IsType<PostResult.Rejected>(Post(1)).Reason);
        Assert.IsType<PostResult.Accepted>(Post(10));

        PostResult Post(int source) => room.Post(Make("x", ++id), source: source);
    }

    [Fact]
    public void In_a_full_room_its_viewers_go_before_other_clients()
    {
        const int PerSecond = 20;
        var room = new Room(RoomOpening.First(Epoch), RoomLimits.Default with { PostsPerSecond = PerSecond }, _time);
        var (id, refused, busy) = (0u, 0, 0);
        for (var i = 0; i < 60 * 4 * PerSecond; i++)
        {
            // Very many of whom each says little, from outside; and one that says much, from inside.
            busy += Post(100 + i, isViewer: false) is PostResult.Accepted ? 0 : 1;
            if (i % PerSecond == 0)
            {
                refused += Post(1, isViewer: true) is PostResult.Accepted ? 0 : 1;
            }

            _time.Advance(TimeSpan.FromSeconds(1) / (4 * PerSecond));
        }

        Assert.Equal(0, refused);
        Assert.InRange(busy, 1000, 60 * 4 * PerSecond);

        PostResult Post(int source, bool isViewer) => room.Post(Make("x", ++id), source: source, isViewer: isViewer);
    }

    [Fact]
    public void A_client_that_is_alone_may_use_the_rooms_whole_rate()
    {
        const int PerSecond = 20;
        var room = new Room(RoomOpening.First(Epoch), RoomLimits.Default with { PostsPerSecond = PerSecond }, _time);
        var accepted = 0;

        for (var i = 0u; i < 120 * PerSecond; i++)
        {
            accepted += room.Post(Make("x", i), source: 7) is PostResult.Accepted ? 1 : 0;
            _time.Advance(TimeSpan.FromSeconds(1) / PerSecond);
        }

        Assert.Equal(120 * PerSecond, accepted);
    }

    [Property]
    public void Every_id_is_posted_once_whatever_is_repeated_and_whenever(byte[] ids, byte[] pauses)
    {
        var (time, accepted) = (new ManualTimeProvider(), new Dictionary<byte, Position>());
        var room = new Room(RoomOpening.First(Epoch), RoomLimits.Default with { PostsPerSecond = 3 }, time);
        foreach (var (id, pause) in ids.Zip(pauses.Concat(new byte[ids.Length])))
        {
            time.Advance(TimeSpan.FromMilliseconds(pause));
            var result = room.Post(new Post(new PostId(id), "Mei", "hi", CommentStyle.Default, null, time.Now));

            switch (result)
            {
                case PostResult.Accepted done:
                    Assert.True(accepted.TryAdd(id, done.Position));
                    Assert.Equal(accepted.Count, done.Position.Offset);
                    break;
                case PostResult.Repeated repeated:
                    Assert.Equal(accepted[id], repeated.Position);
                    break;
                default:
                    Assert.False(accepted.ContainsKey(id));
                    break;
            }
        }

        Assert.Equal(accepted.Count, room.Unsaved);
    }

    [Property]
    public void Times_never_decrease_whatever_the_wall_clock_does(int[] shifts)
    {
        var time = new ManualTimeProvider();
        var room = new Room(RoomOpening.First(Epoch), RoomLimits.Default, time);
        var last = 0L;
        foreach (var (shift, id) in shifts.Select((shift, index) => (shift, (uint)index)))
        {
            time.Shift(TimeSpan.FromSeconds(shift));
            var accepted = Assert.IsType<PostResult.Accepted>(room.Post(new Post(new PostId(id), "a", "b", CommentStyle.Default, null, long.MaxValue)));
            var comment = room.TakeUnsaved().Single().Comment;
            Assert.True(comment.Time >= last);
            last = comment.Time;
            room.Saved(accepted.Position.Offset);
        }
    }

    private PostResult.Accepted Accept(string text, uint? id = null) => Assert.IsType<PostResult.Accepted>(_room.Post(Make(text, id)));

    private Room Open(RoomLimits limits, int posts)
    {
        var room = new Room(RoomOpening.First(Epoch), limits, _time);
        for (var id = 1u; id <= posts; id++)
        {
            room.Post(Make("a", id));
        }

        room.Saved(posts);
        return room;
    }

    private static int Size => new Comment(1, 1, "Mei", "a", CommentStyle.Default, 7).Bytes;

    private static Position At(long offset) => new(Epoch, offset);

    private static (int First, int Last) Offsets(Batch batch) => ((int)batch.First.Offset, (int)batch.Last.Offset);

    private Post Make(string text, uint? id = null) =>
        new(new PostId(id ?? 1000 + (uint)_room.Unsaved), "Mei", text, CommentStyle.Default, 7, _time.Now + 5000);

    private void ExhaustRate()
    {
        for (var id = 500u; _room.Post(Make("x", id)) is PostResult.Accepted; id++)
        {
        }
    }
}
