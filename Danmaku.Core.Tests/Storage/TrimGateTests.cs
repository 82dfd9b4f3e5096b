using Danmaku.Core.Clocks;
using Danmaku.Core.Storage;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Storage;

public sealed class TrimGateTests
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    private readonly ManualTimeProvider _time = new();
    private readonly TrimGate _gate = new();

    [Fact]
    public void After_a_start_nothing_is_forgotten_until_the_clock_has_been_agreed_on_for_a_while()
    {
        Assert.False(TryOpen(TrimGate.Patience - TimeSpan.FromSeconds(1)));
        Assert.True(TryOpen(TrimGate.Patience));
    }

    [Fact]
    public void Danmaku_that_became_old_since_the_last_trim_are_deleted_even_soon_after_a_dispute()
    {
        TryOpen(TrimGate.Patience);
        _time.Advance(Every);

        Assert.True(TryOpen(TimeSpan.Zero));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.True(TryOpen(TimeSpan.Zero));
    }

    [Theory]
    [InlineData(ClockState.Doubted)]
    [InlineData(ClockState.Wrong)]
    [InlineData(ClockState.Disputed)]
    public void Nothing_is_forgotten_while_the_clock_is_not_right(ClockState clock)
    {
        TryOpen(TrimGate.Patience);
        _time.Advance(Every);

        Assert.False(TryOpen(TrimGate.Patience, clock));
        Assert.True(TryOpen(TimeSpan.Zero));
    }

    [Fact]
    public void A_clock_that_was_trusted_after_a_jump_waits_again()
    {
        TryOpen(TrimGate.Patience);
        _time.Advance(Every);
        _time.Shift(TimeSpan.FromDays(8));

        Assert.False(TryOpen(TrimGate.Patience - Every));
        _time.Shift(TimeSpan.FromDays(-8));
        Assert.True(TryOpen(TimeSpan.Zero));
        _time.Shift(TimeSpan.FromDays(8));
        Assert.True(TryOpen(TrimGate.Patience));
    }

    private bool TryOpen(TimeSpan agreedFor, ClockState clock = ClockState.Right) =>
        _gate.TryOpen(_time.GetElapsedTime(0), _time.GetUtcNow(), clock, agreedFor);
}
