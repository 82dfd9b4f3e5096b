using Danmaku.Core.Rooms;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Rooms;

public class OriginLinkTests
{
    private static readonly TimeSpan GapTimeout = TimeSpan.FromSeconds(60);
    private static readonly MissingRange Some = new(5, 3, 9);
    private static readonly MissingRange Less = new(5, 4, 9);

    private readonly ManualTimeProvider _time = new();
    private readonly OriginLink _link;
    private double _random = 0.5;
    private Position _top = new(5, 2);

    public OriginLinkTests()
    {
        _link = new OriginLink(GapTimeout, _time, () => _random);
        _link.Merged(_top, missing: null);
    }

    [Fact]
    public void The_first_who_comes_makes_it_ask_and_those_after_wait_for_the_same_answer()
    {
        Assert.Equal(TimeSpan.Zero, _link.WaitToAsk(isAttached: false));

        Assert.Equal(1, _link.Ask(1, out _));

        Assert.Null(_link.WaitToAsk(isAttached: false));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(_link.WaitToAsk(isAttached: false));
    }

    [Fact]
    public void Of_an_attached_room_it_is_asked_once_for_many_who_come_soon_after_each_other()
    {
        _link.Ask(1, out _);
        Assert.Equal(OriginLink.FirstRetry, _link.WaitToAsk(isAttached: true));

        _time.Advance(OriginLink.FirstRetry);

        Assert.Equal(TimeSpan.Zero, _link.WaitToAsk(isAttached: true));
    }

    [Fact]
    public void Who_comes_after_a_question_waits_for_the_answer_to_the_next()
    {
        var early = _link.NextQuestion;
        Assert.Equal(early, _link.Ask(1, out _));
        var late = _link.NextQuestion;

        Answer(early);
        Assert.Equal((true, false), (_link.HasAnswered(early), _link.HasAnswered(late)));

        Answer(_link.Ask(1, out _));
        Assert.True(_link.HasAnswered(late));
    }

    [Fact]
    public void An_answer_that_comes_late_takes_none_back()
    {
        var (first, second) = (_link.Ask(1, out _), _link.Ask(1, out _));

        Answer(second);
        Answer(first);
        Answer(0);

        Assert.True(_link.HasAnswered(second));
    }

    [Fact]
    public void Waits_for_answers_grow_to_a_bound_and_begin_anew_when_the_room_moves()
    {
        Assert.Equal([200, 400, 800, 1600, 2000, 2000], Waits(6));

        _link.Merged(_top, missing: null);
        Assert.Equal([2000], Waits(1));
        _link.Merged(Moved(), missing: null);

        Assert.Equal([200, 400], Waits(2));
    }

    [Theory]
    [InlineData(0, 150)]
    [InlineData(1, 250)]
    public void Waits_are_spread_by_a_quarter(double random, double expected)
    {
        _random = random;

        Assert.Equal([expected], Waits(1));
        _link.Merged(Moved(), missing: Some);
        Assert.Equal(expected, _link.Fetch(Some).TotalMilliseconds);
    }

    [Fact]
    public void What_is_missing_is_asked_for_when_it_changes_and_not_for_each_answer()
    {
        Assert.Equal(FetchChange.None, _link.Merged(Moved(), missing: null));
        Assert.Equal(FetchChange.Ask, _link.Merged(_top, Some));
        _link.Fetch(Some);

        Assert.Equal(FetchChange.None, _link.Merged(_top, Some));
        Assert.Equal(FetchChange.Ask, _link.Merged(Moved(), Less));
        _link.Fetch(Less);
        Assert.Equal(FetchChange.Stop, _link.Merged(Moved(), missing: null));
        Assert.Equal(FetchChange.None, _link.Merged(Moved(), missing: null));
    }

    [Fact]
    public void A_range_is_given_up_when_its_origin_is_heard_and_does_not_give_it_for_long()
    {
        Miss();
        _time.Advance(GapTimeout);
        _link.Heard();
        Assert.False(_link.IsToGiveUp(Some));

        _time.Advance(TimeSpan.FromTicks(1));

        Assert.True(_link.IsToGiveUp(Some));
        Assert.False(_link.IsToGiveUp(null));
    }

    [Fact]
    public void A_silent_origin_proves_nothing()
    {
        _link.Heard();
        Miss();
        _time.Advance(GapTimeout + OriginLink.Silence);
        Assert.False(_link.IsToGiveUp(Some));

        _link.Heard();

        Assert.True(_link.IsToGiveUp(Some));
        _time.Advance(OriginLink.Silence);
        Assert.False(_link.IsToGiveUp(Some));
    }

    [Fact]
    public void Whatever_comes_of_a_range_begins_the_wait_for_the_rest_anew()
    {
        Miss();
        _time.Advance(GapTimeout);
        _link.Merged(Moved(), Less);
        _link.Fetch(Less);
        _time.Advance(TimeSpan.FromSeconds(1));
        _link.Heard();

        Assert.False(_link.IsToGiveUp(Less));
    }

    [Fact]
    public void What_brings_nothing_does_not_prolong_the_wait()
    {
        Miss();
        _time.Advance(GapTimeout);
        _link.Merged(_top, Some, question: 1);
        _time.Advance(TimeSpan.FromSeconds(1));
        _link.Heard();

        Assert.True(_link.IsToGiveUp(Some));
    }

    [Fact]
    public void The_origin_is_told_how_many_viewers_there_are_when_it_does_not_know()
    {
        Assert.False(_link.TellViewers(0));
        _link.Ask(2, out _);
        Assert.False(_link.TellViewers(2));

        Assert.True(_link.TellViewers(3));
        Assert.False(_link.TellViewers(3));
        Assert.True(_link.TellViewers(0));
    }

    private Position Moved() => _top = _top.Next;

    private void Miss()
    {
        Assert.Equal(FetchChange.Ask, _link.Merged(_top, Some));
        _link.Fetch(Some);
    }

    private void Answer(long question) => _link.Merged(_top, missing: null, question);

    private List<double> Waits(int count) =>
    [
        .. Enumerable.Range(0, count).Select(_ =>
        {
            _link.Ask(1, out var again);
            return again.TotalMilliseconds;
        }),
    ];
}
