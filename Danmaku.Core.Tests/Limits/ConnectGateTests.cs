using Danmaku.Core.Limits;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Limits;

public class ConnectGateTests
{
    private readonly ManualTimeProvider _time = new();
    private double _chance = 0.5;

    [Fact]
    public void It_lets_in_its_burst_and_then_its_rate()
    {
        var gate = Gate(perSecond: 10, burst: 20);

        Assert.Equal(20, LetIn(gate, 100));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(10, LetIn(gate, 100));
    }

    [Theory]
    [InlineData(1, 0.5, 0.6)]
    [InlineData(1, 0, 0)]
    [InlineData(100, 0.5, 10.5)]
    [InlineData(100_000, 0.5, 15)]
    [InlineData(100_000, 0.999, 29.97)]
    public void The_more_clients_are_refused_the_longer_and_more_spread_are_their_waits(int turnedAway, double chance, double seconds)
    {
        var gate = Gate(perSecond: 10, burst: 1);
        _chance = chance;
        gate.TryEnter();
        LetIn(gate, turnedAway - 1);

        Assert.Equal(seconds, gate.TryEnter()!.Value.TotalSeconds, 0.001);
    }

    [Fact]
    public void Clients_refused_long_ago_do_not_count()
    {
        var gate = Gate(perSecond: 10, burst: 10);
        LetIn(gate, 500);

        _time.Advance(TimeSpan.FromSeconds(60));

        Assert.Equal(10, LetIn(gate, 10));
        Assert.Equal(0.6, gate.TryEnter()!.Value.TotalSeconds, 0.001);
    }

    private ConnectGate Gate(double perSecond, double burst) => new(perSecond, burst, _time, () => _chance);

    private static int LetIn(ConnectGate gate, int tries) => Enumerable.Range(0, tries).Count(_ => gate.TryEnter() is null);
}
