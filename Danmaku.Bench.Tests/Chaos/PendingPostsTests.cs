using Danmaku.Bench.Chaos;
using Danmaku.Bench.Checks;
using Danmaku.Core.Rooms;
using Danmaku.Testing;

namespace Danmaku.Bench.Tests.Chaos;

public class PendingPostsTests
{
    private static readonly RoomId Room = RoomId.Parse("room");
    private static readonly byte[] Message = [1, 2, 3];

    private readonly ManualTimeProvider _time = new();
    private readonly PostLedger _ledger = new();
    private readonly PendingPosts _posts;
    private readonly int _number;

    public PendingPostsTests()
    {
        _posts = new PendingPosts(_ledger, new Random(1), _time);
        _number = _ledger.Open(Room);
        _posts.Add(_number, Message);
    }

    [Fact]
    public void A_post_is_due_once_and_again_after_a_long_silence()
    {
        Assert.Equal([Message], _posts.TakeDue());
        Assert.Empty(_posts.TakeDue());

        _time.Advance(TimeSpan.FromSeconds(12));

        Assert.Equal([Message], _posts.TakeDue());
        Assert.Equal(2, Assert.Single(_ledger.Posts).Sent);
    }

    [Fact]
    public void After_a_reconnect_it_is_due_again()
    {
        _posts.TakeDue();

        _posts.Restart();

        Assert.Equal([Message], _posts.TakeDue());
    }

    [Fact]
    public void After_unknown_it_is_due_soon()
    {
        _posts.TakeDue();

        _posts.Unknown(_number);
        _time.Advance(TimeSpan.FromMilliseconds(500));

        Assert.Equal([Message], _posts.TakeDue());
    }

    [Fact]
    public void After_a_refusal_it_is_due_when_that_says()
    {
        _posts.TakeDue();

        _posts.Refused(_number, "room_busy", TimeSpan.FromSeconds(3));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Empty(_posts.TakeDue());
        _time.Advance(TimeSpan.FromMilliseconds(500));

        Assert.Equal([Message], _posts.TakeDue());
    }

    [Fact]
    public void A_final_refusal_and_an_acknowledgement_end_it()
    {
        var second = _ledger.Open(Room);
        _posts.Add(second, Message);
        _posts.TakeDue();

        _posts.Refused(_number, "expired", null);
        _posts.Acked(second, new Position(1, 1), isDurable: true);
        _posts.Restart();

        Assert.Empty(_posts.TakeDue());
        Assert.True(_ledger.Posts.First().IsRefused);
        Assert.Equal(0, _ledger.Count().Unsettled);
    }
}
