using Danmaku.Core.Rooms;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Rooms;

public sealed class PostSharesTests
{
    private const int PerSecond = 10;

    private readonly ManualTimeProvider _time = new();
    private readonly PostShares _shares;

    public PostSharesTests() => _shares = new PostShares(PerSecond, _time);

    [Fact]
    public void A_share_is_half_of_an_equal_part()
    {
        // 600 a minute for four.
        Count(1, times: 74);
        Count(2);
        Count(3);
        Count(4);

        Assert.False(_shares.HasHadItsShare(1));
        Count(1);
        Assert.True(_shares.HasHadItsShare(1));
        Assert.False(_shares.HasHadItsShare(2));
        Assert.False(_shares.HasHadItsShare(5));
    }

    [Fact]
    public void The_more_there_are_the_smaller_it_is_and_never_less_than_one()
    {
        for (var source = 1; source <= 1000; source++)
        {
            Assert.False(_shares.HasHadItsShare(source));
            Count(source);
        }

        Assert.True(_shares.HasHadItsShare(1));
        Assert.False(_shares.HasHadItsShare(2000));
    }

    [Fact]
    public void Posts_older_than_a_minute_are_forgotten()
    {
        Count(1, times: 500);
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.True(_shares.HasHadItsShare(1));
        Count(2);
        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.False(_shares.HasHadItsShare(1));
    }

    [Fact]
    public void A_long_pause_forgets_all()
    {
        Count(1, times: 500);

        _time.Advance(TimeSpan.FromMinutes(2));

        Assert.False(_shares.HasHadItsShare(1));
    }

    [Fact]
    public void Clients_beyond_the_limit_are_not_counted()
    {
        for (var source = 1; source <= PostShares.MaxSources; source++)
        {
            Count(source);
        }

        Count(PostShares.MaxSources + 1, times: 10);

        Assert.False(_shares.HasHadItsShare(PostShares.MaxSources + 1));
        Assert.True(_shares.HasHadItsShare(1));
    }

    private void Count(int source, int times = 1)
    {
        for (var i = 0; i < times; i++)
        {
            _shares.Count(source);
        }
    }
}
