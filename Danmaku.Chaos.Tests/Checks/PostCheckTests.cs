using Danmaku.Chaos.Checks;
using Danmaku.Core.Rooms;

namespace Danmaku.Chaos.Tests.Checks;

/// <summary>Post 0 is at 1:1 of the room, unless a test says otherwise.</summary>
public class PostCheckTests
{
    private static readonly RoomId Room = RoomId.Parse("room");
    private static readonly RoomId Other = RoomId.Parse("other");
    private static readonly Position First = new(1, 1);
    private static readonly Position Second = new(2, 7);

    private readonly PostRecord _post = new(0, Room) { Sent = 1 };

    [Fact]
    public void Acknowledged_and_there_is_as_promised()
    {
        _post.Acked(First, isDurable: true);

        var finding = Check(First);

        Assert.Equal((1, 0, 0), (finding.Sent, finding.Resent, finding.Undurable));
        Assert.Equal(1, finding.Acked);
        IsFlawless(finding);
    }

    [Fact]
    public void Acknowledged_and_not_there_is_lost()
    {
        _post.Acked(First, isDurable: true);

        Assert.Equal(new Tally(1, 0), Check().Lost);
    }

    [Fact]
    public void Acknowledged_and_somewhere_else_is_lost()
    {
        _post.Acked(First, isDurable: true);

        Assert.Equal(new Tally(1, 0), Check(Second).Lost);
    }

    [Fact]
    public void At_two_places_is_doubled()
    {
        _post.Acked(First, isDurable: true);

        Assert.Equal(new Tally(1, 0), Check(First, Second).Doubled);
    }

    [Fact]
    public void Never_answered_it_may_be_there_once_but_not_twice()
    {
        var once = Check(First);
        var twice = Check(First, Second);

        Assert.Equal(1, once.Unresolved);
        IsFlawless(once);
        Assert.Equal(new Tally(1, 0), twice.Doubled);
    }

    [Fact]
    public void Acknowledged_at_two_places_contradicts_itself()
    {
        _post.Acked(First, isDurable: true);
        _post.Acked(Second, isDurable: true);

        Assert.Equal(1, Check(First).Contradictions);
    }

    [Fact]
    public void The_same_acknowledgement_twice_is_fine()
    {
        _post.Acked(First, isDurable: false);
        _post.Acked(First, isDurable: true);
        _post.Acked(First, isDurable: true);

        var finding = Check(First);

        Assert.Equal((1, 0), (finding.Acked, finding.Undurable));
        IsFlawless(finding);
    }

    [Fact]
    public void Not_durable_it_may_be_gone()
    {
        _post.Acked(First, isDurable: false);

        var finding = Check();

        Assert.Equal((0, 1), (finding.Acked, finding.Undurable));
        Assert.Equal(new Tally(0, 1), finding.Lost);
    }

    [Fact]
    public void Not_durable_it_may_not_be_gone_when_a_later_one_of_its_epoch_is_durable()
    {
        _post.Acked(First, isDurable: false);

        Assert.Equal(new Tally(1, 0), Check([], [], new OpenEnds([(First, false), (First.Next, true)])).Lost);
    }

    [Fact]
    public void Not_durable_and_sent_again_it_may_be_there_twice()
    {
        _post.Acked(First, isDurable: false);
        _post.Acked(Second, isDurable: true);

        Assert.Equal(new Tally(0, 1), Check(First, Second).Doubled);
        Assert.Equal(0, Check(First, Second).Contradictions);
        IsFlawless(Check(Second));
    }

    [Fact]
    public void Refused_it_must_not_be_there()
    {
        _post.Refused = 1;
        _post.GivenUp = "expired";

        Assert.Equal(1, Check(First).Contradictions);
        IsFlawless(Check());
        Assert.Equal(1, Check().Refused["expired"]);
    }

    [Fact]
    public void Refused_after_a_sending_of_unknown_outcome_it_may_be_there()
    {
        _post.Sent = 2;
        _post.Refused = 1;
        _post.GivenUp = "expired";

        IsFlawless(Check(First));
    }

    [Fact]
    public void In_another_rooms_log_it_must_not_be()
    {
        _post.Acked(First, isDurable: true);

        Assert.Equal(1, Check([First], [First]).Contradictions);
    }

    private PostFinding Check(params Position[] places) => Check(places, []);

    private PostFinding Check(Position[] places, Position[] elsewhere, OpenEnds? open = null)
    {
        var logs = new Dictionary<RoomId, RoomLog>
        {
            [Room] = new(places.Select(place => (place, 0))),
            [Other] = new(elsewhere.Select(place => (place, 0))),
        };
        var ends = new Dictionary<RoomId, OpenEnds> { [Room] = open ?? new(_post.Acks), [Other] = new([]) };
        return new PostCheck(logs, ends).Check([_post]);
    }

    private static void IsFlawless(PostFinding finding)
    {
        Assert.Equal((default, default, 0), (finding.Lost, finding.Doubled, finding.Contradictions));
        Assert.Empty(finding.Examples);
    }
}
