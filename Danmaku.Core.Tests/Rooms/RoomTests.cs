using Danmaku.Core.Rooms;
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

    public RoomTests() => _room = new Room(Epoch, Position.None, _limits, _time);

    [Fact]
    public void An_accepted_post_takes_the_next_offset()
    {
        var first = Accept("a");
        var second = Accept("b");

        Assert.Equal(new Position(Epoch, 1), first.Position);
        Assert.Equal(new Position(Epoch, 2), second.Position);
        Assert.Equal(new Comment(2, _time.Now, "Mei", "b", CommentStyle.Default, 7), second.Comment);
        Assert.Equal(new RoomHead(new Position(Epoch, 2), Position.None), _room.Head);
    }

    [Fact]
    public void A_repeat_gets_the_position_it_has_and_is_not_posted_again()
    {
        Accept("a", id: 1);
        Accept("b", id: 2);

        var repeat = _room.Post(Make("a", id: 1));

        Assert.Equal(new PostResult.Repeated(new Position(Epoch, 1)), repeat);
        Assert.Equal(2, _room.Top.Offset);
    }

    [Fact]
    public void A_repeat_is_recognised_also_after_its_deadline_and_in_a_busy_room()
    {
        var post = Make("a", id: 1);
        _room.Post(post);
        _time.Advance(TimeSpan.FromMinutes(1));
        ExhaustRate();

        var repeat = _room.Post(post);

        Assert.Equal(new PostResult.Repeated(new Position(Epoch, 1)), repeat);
    }

    [Fact]
    public void A_post_after_its_deadline_is_refused_and_takes_no_offset()
    {
        var post = Make("a");
        _time.Advance(TimeSpan.FromMilliseconds(5001));

        Assert.Equal(new PostResult.Rejected(RejectReason.Expired, null), _room.Post(post));

        Assert.Equal(0, _room.Top.Offset);
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
    public void Only_so_many_ids_are_remembered_and_the_oldest_go_first()
    {
        for (var id = 1u; id <= 7; id++)
        {
            Accept("a", id);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        for (var id = 2u; id <= 7; id++)
        {
            Assert.Equal(new PostResult.Repeated(new Position(Epoch, id)), _room.Post(Make("a", id)));
        }

        Assert.IsType<PostResult.Accepted>(_room.Post(Make("a", id: 1)));
    }

    [Fact]
    public void Time_in_a_room_never_runs_backwards()
    {
        var before = Accept("a").Comment.Time;
        _time.Shift(TimeSpan.FromHours(-1));

        Assert.Equal(before, Accept("b").Comment.Time);

        _time.Shift(TimeSpan.FromHours(2));
        Assert.Equal(before + 3_600_000, Accept("c").Comment.Time);
    }

    [Fact]
    public void An_edge_gets_what_it_misses_in_pages()
    {
        var size = Accept("a").Comment.Bytes;
        var room = new Room(Epoch, Position.None, _limits with { PageBytes = 2 * size, PostsPerSecond = 100 }, _time);
        for (var id = 1u; id <= 5; id++)
        {
            room.Post(Make("a", id));
        }

        var pages = new[] { room.Read(Epoch, 2, 5), room.Read(Epoch, 4, 5), room.Recent(new Position(Epoch, 3)) };

        Assert.Equal([2L, 4L, 4L], pages.Select(page => Assert.IsType<RangeResult.Found>(page).Page.Single().First.Offset));
        Assert.Equal([3L, 5L, 5L], pages.Select(page => Assert.IsType<RangeResult.Found>(page).Page.Single().Last.Offset));
        Assert.Empty(Assert.IsType<RangeResult.Found>(room.Recent(room.Top)).Page);
    }

    [Fact]
    public void What_is_gone_is_said_to_be_gone_with_the_newest_in_its_place()
    {
        var room = new Room(Epoch, Position.None, _limits with { HistoryComments = 2, PostsPerSecond = 100 }, _time);
        for (var id = 1u; id <= 5; id++)
        {
            room.Post(Make("a", id));
        }

        var answers = new[]
        {
            room.Read(Epoch, 3, 5), room.Read(Epoch - 1, 1, 5), room.Recent(Position.None), room.Recent(new Position(Epoch, 2)),
        };

        Assert.All(answers, answer =>
        {
            var gone = Assert.IsType<RangeResult.Gone>(answer);
            Assert.Equal(room.Head, gone.Head);
            Assert.Equal([4L, 5L], gone.Newest.Single().Comments.Select(comment => comment.Offset));
        });
    }

    [Fact]
    public void An_edge_that_has_the_end_of_the_epoch_before_goes_on_from_there()
    {
        var previous = new Position(Epoch - 5, 12);
        var room = new Room(Epoch, previous, _limits, _time);

        Assert.Empty(Assert.IsType<RangeResult.Found>(room.Recent(previous)).Page);
        room.Post(Make("a"));

        var page = Assert.Single(Assert.IsType<RangeResult.Found>(room.Recent(previous)).Page);
        Assert.Equal((new Position(Epoch, 1), previous), (page.First, page.Previous));
        Assert.IsType<RangeResult.Gone>(room.Recent(previous with { Offset = 11 }));
    }

    [Property]
    public void Every_id_is_posted_once_whatever_is_repeated_and_whenever(byte[] ids, byte[] pauses)
    {
        var (time, accepted) = (new ManualTimeProvider(), new Dictionary<byte, Position>());
        var room = new Room(Epoch, Position.None, RoomLimits.Default with { PostsPerSecond = 3 }, time);
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

        Assert.Equal(accepted.Count, room.Top.Offset);
    }

    [Property]
    public void Times_never_decrease_whatever_the_wall_clock_does(int[] shifts)
    {
        var time = new ManualTimeProvider();
        var room = new Room(Epoch, Position.None, RoomLimits.Default, time);
        var last = 0L;
        foreach (var (shift, id) in shifts.Select((shift, index) => (shift, (uint)index)))
        {
            time.Shift(TimeSpan.FromSeconds(shift));
            var accepted = Assert.IsType<PostResult.Accepted>(room.Post(new Post(new PostId(id), "a", "b", CommentStyle.Default, null, long.MaxValue)));
            Assert.True(accepted.Comment.Time >= last);
            last = accepted.Comment.Time;
        }
    }

    private PostResult.Accepted Accept(string text, uint? id = null) => Assert.IsType<PostResult.Accepted>(_room.Post(Make(text, id)));

    private Post Make(string text, uint? id = null) =>
        new(new PostId(id ?? 1000 + (uint)_room.Top.Offset), "Mei", text, CommentStyle.Default, 7, _time.Now + 5000);

    private void ExhaustRate()
    {
        for (var id = 500u; _room.Post(Make("x", id)) is PostResult.Accepted; id++)
        {
        }
    }
}
