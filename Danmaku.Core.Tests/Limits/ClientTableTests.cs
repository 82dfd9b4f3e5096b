using System.Net;
using Danmaku.Core.Limits;

namespace Danmaku.Core.Tests.Limits;

public sealed class ClientTableTests
{
    private int _made;

    [Fact]
    public void Each_client_has_its_own()
    {
        var table = Table(10);

        Assert.Equal([1, 2, 1, 2], [table.Get(Client(1)), table.Get(Client(2)), table.Get(Client(1)), table.Get(Client(2))]);
    }

    [Fact]
    public void A_client_that_keeps_coming_is_remembered_however_many_others_come()
    {
        var table = Table(100);
        table.Get(Client(0));

        for (var i = 1; i < 10_000; i++)
        {
            table.Get(Client(i));
            Assert.True(i % 40 != 0 || table.Get(Client(0)) == 1);
            Assert.InRange(table.Count, 1, 100);
        }
    }

    [Fact]
    public void A_client_that_has_not_come_for_long_is_forgotten()
    {
        var table = Table(100);
        table.Get(Client(0));
        for (var i = 1; i <= 200; i++)
        {
            table.Get(Client(i));
        }

        Assert.NotEqual(1, table.Get(Client(0)));
    }

    private ClientTable<int> Table(int max) => new(max, () => ++_made);

    private static ClientNetwork Client(int number) => ClientNetwork.Of(new IPAddress((uint)number), 64);
}
