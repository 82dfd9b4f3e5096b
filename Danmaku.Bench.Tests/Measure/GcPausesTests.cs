using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Tests.Measure;

public class GcPausesTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    [Fact]
    public void A_pause_lasts_from_when_it_is_asked_for_until_all_run_again_whoever_says_so()
    {
        var pauses = Of(
            Asked(1, 10), Stopped(1, 11), Restarted(1, 13),
            Asked(2, 20), Stopped(2, 20.5), Restarted(3, 20.75));

        Assert.Equal([(10, 3), (20, 0.75)], pauses);
    }

    [Fact]
    public void A_thread_that_asks_during_a_collection_pauses_only_after_it()
    {
        var pauses = Of(Asked(1, 10), Stopped(1, 11), Asked(2, 12), Restarted(1, 15), Stopped(2, 16), Restarted(2, 18));

        Assert.Equal([(10, 5), (15, 3)], pauses);
    }

    [Fact]
    public void Threads_stopped_for_something_else_are_no_pause()
    {
        var pauses = Of(
            Asked(1, 10) with { IsCollection = false }, Stopped(1, 11), Restarted(1, 13),
            Asked(1, 20), Stopped(1, 21), Restarted(1, 22));

        Assert.Equal([(20, 2)], pauses);
    }

    [Fact]
    public void Pauses_cut_off_at_either_end_do_not_count()
    {
        var pauses = Of(Restarted(1, 1), Stopped(1, 5), Restarted(1, 6), Asked(1, 10), Stopped(1, 11), Restarted(1, 12), Asked(1, 20), Stopped(1, 21));

        Assert.Equal([(10, 2)], pauses);
    }

    [Fact]
    public void Only_pauses_that_began_while_it_was_measured_count()
    {
        var pauses = new GcPauses("edge", [.. Enumerable.Range(0, 1000).Select(i => new GcPause(At(i), TimeSpan.FromMicroseconds(i)))]);

        var lengths = pauses.During(At(100), TimeSpan.FromMilliseconds(100));

        Assert.Equal(new Latency(100, 0.149, 0.189, 0.198, 0.199), lengths);
        Assert.Equal(Latency.None, pauses.During(At(1000), TimeSpan.FromMilliseconds(100)));
    }

    private static IEnumerable<(double At, double Length)> Of(params Suspension[] suspensions) =>
        GcPauses.Of("edge", suspensions).Pauses.Select(pause => ((pause.At - Start).TotalMilliseconds, pause.Length.TotalMilliseconds));

    private static Suspension Asked(int thread, double millis) => new(SuspensionStage.Asked, thread, At(millis));

    private static Suspension Stopped(int thread, double millis) => new(SuspensionStage.Stopped, thread, At(millis));

    private static Suspension Restarted(int thread, double millis) => new(SuspensionStage.Restarted, thread, At(millis));

    private static DateTimeOffset At(double millis) => Start + TimeSpan.FromMilliseconds(millis);
}
