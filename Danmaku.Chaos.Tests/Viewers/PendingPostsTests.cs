using System.Text;
using Danmaku.Chaos.Checks;
using Danmaku.Chaos.Viewers;
using Danmaku.Core.Rooms;
using Danmaku.Testing;

namespace Danmaku.Chaos.Tests.Viewers;

public class PendingPostsTests
{
    private static readonly RoomId Room = RoomId.Parse("room");
    private const string Message = """{"type":"post","id":"1","text":"hi"}""";
    private const string Again = """{"type":"post","id":"1","text":"hi","again":true}""";

    private readonly ManualTimeProvider _time = new();
    private readonly PostLedger _ledger = new();
    private readonly PendingPosts _posts;
    private readonly int _number;

    public PendingPostsTests()
    {
        _posts = new PendingPosts(_ledger, new Random(1), _time);
        _number = _ledger.Open(Room);
        _posts.Add(_number, Encoding.UTF8.GetBytes(Message));
    }

    [Fact]
    public void A_post_is_due_once_and_after_a_long_silence_once_more_which_it_says()
    {
        Assert.Equal([Message], TakeDue());
        Assert.Empty(TakeDue());

        _time.Advance(TimeSpan.FromSeconds(12));

        Assert.Equal([Again], TakeDue());
        Assert.Equal(2, Assert.Single(_ledger.Posts).Sent);
    }

    [Fact]
    public void After_a_reconnect_it_is_due_again()
    {
        TakeDue();

        _posts.Restart();

        Assert.Equal([Again], TakeDue());
    }

    [Fact]
    public void After_unknown_it_is_due_soon()
    {
        TakeDue();

        _posts.Unknown(_number);
        _time.Advance(TimeSpan.FromMilliseconds(500));

        Assert.Equal([Again], TakeDue());
    }

    [Fact]
    public void After_a_refusal_it_is_due_after_retryAfter()
    {
        TakeDue();

        _posts.Refused(_number, "room_busy", TimeSpan.FromSeconds(3));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Empty(TakeDue());
        _time.Advance(TimeSpan.FromMilliseconds(500));

        Assert.Equal([Again], TakeDue());
    }

    [Fact]
    public void A_final_refusal_and_an_acknowledgement_end_it()
    {
        var second = _ledger.Open(Room);
        _posts.Add(second, Encoding.UTF8.GetBytes(Message));
        TakeDue();

        _posts.Refused(_number, "expired", null);
        _posts.Acked(second, new Position(1, 1), isDurable: true);
        _posts.Restart();

        Assert.Empty(TakeDue());
        Assert.True(_ledger.Posts.First().IsRefused);
        Assert.Equal(0, _ledger.Count().Unsettled);
    }

    private IEnumerable<string> TakeDue() => [.. _posts.TakeDue().Select(Encoding.UTF8.GetString)];
}
