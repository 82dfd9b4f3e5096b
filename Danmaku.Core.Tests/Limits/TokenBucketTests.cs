using Danmaku.Core.Limits;
using Danmaku.Testing;
using FsCheck;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Limits;

public class TokenBucketTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void A_burst_passes_and_the_next_must_wait_for_one_token()
    {
        var bucket = new TokenBucket(5, 10, _time);

        var burst = Enumerable.Range(0, 10).Select(_ => bucket.TryTake()).ToList();

        Assert.All(burst, wait => Assert.Null(wait));
        Assert.Equal(TimeSpan.FromMilliseconds(200), bucket.TryTake());
    }

    [Fact]
    public void A_refusal_costs_nothing()
    {
        var bucket = new TokenBucket(1, 1, _time);
        bucket.TryTake();
        for (var i = 0; i < 100; i++)
        {
            Assert.NotNull(bucket.TryTake());
        }

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(bucket.TryTake());
    }

    [Fact]
    public void Idle_time_gains_no_more_than_the_burst()
    {
        var bucket = new TokenBucket(5, 2, _time);
        bucket.TryTake();
        Assert.False(bucket.IsFull);

        _time.Advance(TimeSpan.FromHours(1));

        Assert.True(bucket.IsFull);
        Assert.Null(bucket.TryTake());
        Assert.Null(bucket.TryTake());
        Assert.NotNull(bucket.TryTake());
    }

    [Fact]
    public void Owed_tokens_are_paid_before_there_is_a_token_again()
    {
        var bucket = new TokenBucket(5, 2, _time);
        bucket.TryTake();

        bucket.Owe(3);

        Assert.Equal(TimeSpan.FromMilliseconds(600), bucket.TryTake());
        _time.Advance(TimeSpan.FromMilliseconds(600));
        Assert.Null(bucket.TryTake());
    }

    [Fact]
    public void Kept_tokens_are_left_for_others()
    {
        var bucket = new TokenBucket(5, 10, _time);

        var taken = Enumerable.Range(0, 10).TakeWhile(_ => bucket.TryTake(keep: 4) is null).Count();

        Assert.Equal(6, taken);
        Assert.Equal(TimeSpan.FromMilliseconds(200), bucket.TryTake(keep: 4));
        Assert.Null(bucket.TryTake());
    }

    [Fact]
    public void Reservations_get_turns_in_order()
    {
        var bucket = new TokenBucket(10, 2, _time);

        var waits = Enumerable.Range(0, 5).Select(_ => bucket.Reserve(TimeSpan.FromSeconds(1)).TotalMilliseconds).ToList();

        Assert.Equal([0, 0, 100, 200, 300], waits);
        _time.Advance(TimeSpan.FromMilliseconds(300));
        Assert.Equal(100, bucket.Reserve(TimeSpan.FromSeconds(1)).TotalMilliseconds);
    }

    [Fact]
    public void No_turn_is_further_away_than_it_may_be()
    {
        var bucket = new TokenBucket(10, 2, _time);

        var waits = Enumerable.Range(0, 100).Select(_ => bucket.Reserve(TimeSpan.FromSeconds(1))).ToList();

        Assert.Equal(TimeSpan.FromSeconds(1), waits.Max());
    }

    [Fact]
    public void A_wall_clock_set_back_changes_nothing()
    {
        var bucket = new TokenBucket(1, 1, _time);
        bucket.TryTake();
        _time.Shift(TimeSpan.FromHours(-1));

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(bucket.TryTake());
    }

    // What goes over the wire is whole milliseconds, rounded up.
    [Property]
    public void A_caller_that_waits_as_told_gets_a_token(PositiveInt perSecond, PositiveInt burst)
    {
        var bucket = new TokenBucket(perSecond.Item, burst.Item, _time);
        TimeSpan? wait;
        while ((wait = bucket.TryTake()) is null)
        {
        }

        _time.Advance(TimeSpan.FromMilliseconds(Math.Ceiling(wait.Value.TotalMilliseconds)));

        Assert.Null(bucket.TryTake());
    }

    [Property]
    public void No_more_than_rate_and_burst_ever_pass(PositiveInt perSecond, PositiveInt burst, NonNegativeInt[] pauses)
    {
        var (bucket, start, passed) = (new TokenBucket(perSecond.Item, burst.Item, _time), _time.GetTimestamp(), 0);
        foreach (var pause in pauses)
        {
            _time.Advance(TimeSpan.FromMilliseconds(pause.Item));
            passed += Enumerable.Range(0, 50).Count(_ => bucket.TryTake() is null);
        }

        Assert.True(passed <= burst.Item + perSecond.Item * _time.GetElapsedTime(start).TotalSeconds + 0.001);
    }
}
