using Danmaku.Core.Limits;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Limits;

public class PostRateTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Connections_of_one_client_share_what_it_may_post()
    {
        var client = new PostRate(1, 3, _time);
        PostRate[] connections = [new(10, 2, _time, client), new(10, 2, _time, client)];

        Assert.Null(connections[0].TryTake());
        Assert.Null(connections[0].TryTake());
        Assert.Equal(TimeSpan.FromMilliseconds(100), connections[0].TryTake());
        Assert.Null(connections[1].TryTake());
        Assert.Equal(TimeSpan.FromSeconds(1), connections[1].TryTake());
    }

    [Fact]
    public void A_post_refused_by_the_clients_rate_costs_the_connection_nothing()
    {
        var client = new PostRate(1, 1, _time);
        var connection = new PostRate(0.1, 2, _time, client);
        Assert.Null(connection.TryTake());
        Assert.NotNull(connection.TryTake());

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(connection.TryTake());
    }

    [Fact]
    public void A_returned_token_is_returned_to_connection_and_client()
    {
        var client = new PostRate(1, 1, _time);
        var connection = new PostRate(1, 1, _time, client);
        Assert.Null(connection.TryTake());

        connection.Return();

        Assert.Null(connection.TryTake());
    }
}
