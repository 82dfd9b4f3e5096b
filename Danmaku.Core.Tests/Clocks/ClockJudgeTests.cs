using Danmaku.Core.Clocks;

namespace Danmaku.Core.Tests.Clocks;

/// <summary>Whose clock is right. All offsets are in seconds from where this node's wall clock was at the start.</summary>
public sealed class ClockJudgeTests
{
    private const double Days = 8 * 24 * 3600;

    private readonly ClockJudge _judge = new(TimeSpan.Zero, TimeSpan.Zero);
    private TimeSpan _now;

    [Theory]
    [InlineData(0, null, ClockState.Right)] // alone
    [InlineData(0, 4.0, ClockState.Right)]
    [InlineData(0, Days, ClockState.Wrong)] // with a store alone, the store decides
    [InlineData(0, null, ClockState.Disputed, Days)] // of two that disagree nobody knows
    [InlineData(0, Days, ClockState.Wrong, Days)]
    [InlineData(0, -Days, ClockState.Wrong, -Days, 0.0)] // two against two: the store decides
    [InlineData(0, 0.0, ClockState.Right, -Days, -Days)]
    [InlineData(0, null, ClockState.Wrong, -Days, -Days)]
    [InlineData(0, null, ClockState.Right, 0.0, -Days)]
    [InlineData(0, 0.0, ClockState.Right, Days)]
    [InlineData(0, Days, ClockState.Right, 1.0, -1.0)] // three nodes against the store
    [InlineData(0, 2 * Days, ClockState.Wrong, Days)] // all differ: the store decides
    [InlineData(Days, null, ClockState.Doubted)] // it has jumped, and there is nobody to ask
    [InlineData(-Days, null, ClockState.Doubted)]
    [InlineData(4, null, ClockState.Right)]
    [InlineData(Days, 0.0, ClockState.Wrong)]
    [InlineData(Days, null, ClockState.Wrong, 0.0)]
    [InlineData(Days, null, ClockState.Wrong, -Days, 0.0)] // nobody knows, but who has jumped is wrong
    [InlineData(Days, Days, ClockState.Right)] // it was set right
    [InlineData(Days, null, ClockState.Right, Days)]
    public void The_majority_decides_then_the_store_then_the_clocks_that_have_not_jumped(double own, double? store, ClockState expected, params double[] nodes)
    {
        Assert.Equal(expected, Judge(own, store, nodes).State);
    }

    [Fact]
    public void A_verdict_says_how_far_the_clock_is_from_what_the_others_say()
    {
        Assert.Equal(new ClockVerdict(ClockState.Wrong, TimeSpan.FromSeconds(Days)), Judge(Days, 0));
        Assert.Equal(new ClockVerdict(ClockState.Wrong, TimeSpan.FromSeconds(-10)), Judge(0, 10, 10, 10));
        Assert.Equal(TimeSpan.FromSeconds(10), _judge.Agreed);
        Assert.Equal(new ClockVerdict(ClockState.Disputed, TimeSpan.FromSeconds(-50)), new ClockJudge(TimeSpan.Zero, TimeSpan.Zero)
            .Judge(_now, TimeSpan.FromSeconds(1), null, [new ClockReading(TimeSpan.FromSeconds(51), IsSteady: true)]));
    }

    [Fact]
    public void Clocks_that_have_jumped_have_no_vote()
    {
        var all = new[] { new ClockReading(TimeSpan.FromSeconds(Days), IsSteady: false), new ClockReading(TimeSpan.FromSeconds(Days), IsSteady: false) };

        Assert.Equal(ClockState.Right, _judge.Judge(_now, TimeSpan.Zero, null, all).State);
        Assert.Equal(ClockState.Doubted, _judge.Judge(_now, TimeSpan.FromSeconds(Days), null, all).State);
    }

    [Fact]
    public void A_stores_clock_that_jumps_has_no_vote_until_it_is_back()
    {
        Judge(0, 0);

        Assert.Equal(ClockState.Right, Judge(0, Days).State);
        Pass(TimeSpan.FromHours(1));
        Assert.Equal(ClockState.Right, Judge(0, Days).State);
        Judge(0, 0);
        Assert.Equal(ClockState.Wrong, Judge(Days, 0).State);
    }

    [Fact]
    public void A_lone_clock_that_jumps_and_runs_evenly_is_trusted_after_a_while()
    {
        Judge(Days, null);
        Pass(ClockJudge.Patience - TimeSpan.FromSeconds(1));
        Assert.Equal(ClockState.Doubted, Judge(Days + 1, null).State);
        Assert.Equal(TimeSpan.Zero, _judge.Agreed);

        Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(ClockState.Right, Judge(Days + 1, null).State);
        Assert.Equal(TimeSpan.FromSeconds(Days + 1), _judge.Agreed);
        Assert.Equal(TimeSpan.Zero, _judge.AgreedFor(_now));
    }

    [Fact]
    public void A_lone_clock_that_keeps_jumping_is_not_trusted()
    {
        for (var jump = 1; jump <= 10; jump++)
        {
            Assert.Equal(ClockState.Doubted, Judge(jump * Days, null).State);
            Pass(TimeSpan.FromMinutes(1));
        }
    }

    [Fact]
    public void A_lone_clock_that_goes_back_to_where_it_was_is_right_at_once()
    {
        Judge(Days, null);
        Assert.Equal(ClockState.Right, Judge(0, null).State);

        Judge(Days, null);
        Pass(ClockJudge.Patience);
        Assert.Equal(ClockState.Right, Judge(Days, null).State);
        Assert.Equal(ClockState.Right, Judge(1, null).State);
        Assert.Equal(TimeSpan.FromSeconds(1), _judge.Agreed);
    }

    [Fact]
    public void A_clock_that_drifts_is_followed()
    {
        for (var second = 0; second <= 100; second++)
        {
            Pass(TimeSpan.FromMinutes(10));
            Assert.Equal(ClockState.Right, Judge(second, null).State);
        }
    }

    [Fact]
    public void A_wrong_clock_is_right_again_when_it_is_clearly_where_the_others_are()
    {
        Assert.Equal(ClockState.Wrong, Judge(5.1, 0).State);
        Assert.Equal(ClockState.Wrong, Judge(4.9, 0).State);
        Assert.Equal(ClockState.Right, Judge(3.9, 0).State);
        Assert.Equal(ClockState.Right, Judge(4.9, 0).State);
    }

    [Fact]
    public void The_time_since_a_jump_or_a_dispute_is_counted()
    {
        Pass(TimeSpan.FromMinutes(5));
        Judge(0, 0);
        Assert.Equal(TimeSpan.FromMinutes(5), _judge.AgreedFor(_now));

        Assert.Equal(ClockState.Disputed, Judge(0, null, Days).State);
        Assert.Equal(TimeSpan.Zero, _judge.AgreedFor(_now));
        Pass(TimeSpan.FromMinutes(1));
        Judge(0, 0);
        Assert.Equal(TimeSpan.FromMinutes(1), _judge.AgreedFor(_now));
        Judge(Days, Days, Days);
        Assert.Equal(TimeSpan.Zero, _judge.AgreedFor(_now));
    }

    private ClockVerdict Judge(double own, double? store, params double[] nodes) => _judge.Judge(
        _now,
        TimeSpan.FromSeconds(own),
        store is { } offset ? TimeSpan.FromSeconds(offset) : null,
        nodes.Select(node => new ClockReading(TimeSpan.FromSeconds(node), IsSteady: true)));

    private void Pass(TimeSpan time) => _now += time;
}
