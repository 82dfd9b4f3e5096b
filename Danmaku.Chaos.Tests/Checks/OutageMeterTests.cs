using Danmaku.Chaos.Checks;
using Danmaku.Testing;

namespace Danmaku.Chaos.Tests.Checks;

public class OutageMeterTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly OutageMeter<string> _meter;

    public OutageMeterTests() => _meter = new OutageMeter<string>(_time);

    [Fact]
    public void The_longest_silence_of_any_source_counts()
    {
        Hear("a", "b");
        Wait(1);
        Hear("a");
        Wait(2);
        Hear("a", "b");

        Assert.Equal(TimeSpan.FromSeconds(3), _meter.Take());
    }

    [Fact]
    public void A_silence_that_goes_on_counts_too()
    {
        Hear("a");
        Wait(5);

        Assert.Equal(TimeSpan.FromSeconds(5), _meter.Take());
    }

    [Fact]
    public void A_silence_that_began_before_the_stretch_counts_from_its_beginning()
    {
        Hear("a");
        Wait(2);
        _meter.Take();
        Wait(1);
        Hear("a");
        Wait(1);

        Assert.Equal(TimeSpan.FromSeconds(3), _meter.Take());
        Hear("a");
        _meter.Take();
        Assert.Equal(TimeSpan.Zero, _meter.Take());
    }

    [Fact]
    public void Nothing_is_expected_during_a_pause()
    {
        Hear("a");
        Wait(2);
        _meter.Pause("a");
        Wait(60);
        Hear("a");

        Assert.Equal(TimeSpan.FromSeconds(2), _meter.Take());
    }

    private void Hear(params string[] sources) => Array.ForEach(sources, _meter.Heard);

    private void Wait(double seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));
}
