using Danmaku.Core.Limits;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Limits;

public sealed class MessageBudgetTests
{
    private static readonly TimeSpan TooLong = MessageBudget.MaxPush + TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void A_burst_passes_and_then_each_waits_for_its_turn()
    {
        var budget = Alone();

        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal(TimeSpan.Zero, budget.Take()));
        Assert.Equal(TimeSpan.FromMilliseconds(100), budget.Take());
    }

    [Fact]
    public void A_connection_that_always_has_another_message_ready_is_a_flood_after_a_while()
    {
        var budget = Alone();

        var handled = Push(budget, TooLong);

        Assert.True(budget.IsFlood);
        Assert.InRange(handled, 20, 20 + (10 * TooLong.TotalSeconds));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(50)]
    [InlineData(400)]
    public void A_turn_that_comes_late_makes_it_no_less_a_flood(int milliseconds)
    {
        var budget = Alone();

        Push(budget, TooLong, late: TimeSpan.FromMilliseconds(milliseconds));

        Assert.True(budget.IsFlood);
    }

    [Fact]
    public void A_connection_that_pauses_is_never_a_flood()
    {
        var budget = Alone();

        for (var i = 0; i < 10; i++)
        {
            Push(budget, TimeSpan.FromSeconds(8));
            Assert.False(budget.IsFlood);
            _time.Advance(TimeSpan.FromSeconds(1.5));
        }
    }

    [Fact]
    public void A_connection_below_its_rate_is_never_a_flood()
    {
        var budget = Alone();
        for (var i = 0; i < 21; i++)
        {
            budget.Take();
        }

        _time.Advance(TimeSpan.FromMilliseconds(300));
        for (var i = 0; i < 300; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(125));
            Assert.Equal(TimeSpan.Zero, budget.Take());
            Assert.False(budget.IsFlood);
        }
    }

    [Fact]
    public void All_connections_of_a_client_share_and_have_turns()
    {
        var shared = new SharedRate(10, 20, _time);
        var (one, other) = (With(shared), With(shared));
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal((TimeSpan.Zero, TimeSpan.Zero), (one.Take(), other.Take()));
        }

        Assert.Equal(TimeSpan.FromMilliseconds(100), one.Take());
        Assert.Equal(TimeSpan.FromMilliseconds(200), other.Take());
    }

    [Fact]
    public void A_quiet_connection_of_a_flooding_client_waits_its_turn_and_is_no_flood()
    {
        var shared = new SharedRate(10, 20, _time);
        MessageBudget[] floods = [.. Enumerable.Range(0, 5).Select(_ => With(shared))];
        var turns = floods.Select(flood => _time.GetTimestamp() + flood.Take().Ticks).ToArray();
        var quiet = With(shared);

        for (var step = 0; step < 300; step++)
        {
            for (var i = 0; i < floods.Length; i++)
            {
                while (turns[i] <= _time.GetTimestamp() && floods[i].Take() is var wait && wait > TimeSpan.Zero)
                {
                    turns[i] = _time.GetTimestamp() + wait.Ticks;
                }
            }

            if (step % 35 == 34)
            {
                Assert.InRange(quiet.Take(), TimeSpan.Zero, TimeSpan.FromSeconds(1));
                Assert.False(quiet.IsFlood);
            }

            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.All(floods, flood => Assert.True(flood.IsFlood));
    }

    /// <returns>How many messages were handled.</returns>
    private int Push(MessageBudget budget, TimeSpan length, TimeSpan late = default)
    {
        var (start, handled) = (_time.GetTimestamp(), 0);
        while (_time.GetElapsedTime(start) < length)
        {
            if (budget.Take() is var wait && wait > TimeSpan.Zero)
            {
                _time.Advance(wait + late);
            }

            handled++;
        }

        budget.Take();
        return handled;
    }

    private MessageBudget Alone() => new(10, 20, null, _time);

    private MessageBudget With(SharedRate shared) => new(1000, 1000, shared, _time);
}
