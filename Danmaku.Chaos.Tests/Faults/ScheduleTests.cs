using Danmaku.Chaos.Faults;

namespace Danmaku.Chaos.Tests.Faults;

public class ScheduleTests
{
    [Fact]
    public void The_short_schedule_has_what_ci_wants_once()
    {
        FaultKind[] expected = [FaultKind.KillEdge, FaultKind.KillOrigin, FaultKind.StopEdge, FaultKind.StopOrigin, FaultKind.Store];

        for (var seed = 0; seed < 50; seed++)
        {
            Assert.Equal(expected, Schedule.Brief(seed).Select(fault => fault.Kind).Order());
        }
    }

    [Fact]
    public void The_same_seed_gives_the_same_schedule_and_another_seed_another()
    {
        Assert.Equal(Take(7), Take(7));
        Assert.NotEqual(Take(7), Take(8));
        Assert.Equal(Schedule.Brief(7), Schedule.Brief(7));
    }

    [Fact]
    public void No_kind_comes_a_third_time_before_all_have_come_twice()
    {
        var rounds = Take(3).Chunk(FaultKinds.All.Count).Take(2);

        Assert.All(rounds, round => Assert.Equal(FaultKinds.All.Order(), round.Select(fault => fault.Kind).Order()));
    }

    [Fact]
    public void The_order_in_which_kinds_are_named_does_not_matter()
    {
        var some = Schedule.Endless(5, [FaultKind.Store, FaultKind.Roll]).Take(10);

        Assert.Equal(some, Schedule.Endless(5, [FaultKind.Roll, FaultKind.Store, FaultKind.Roll]).Take(10));
    }

    [Fact]
    public void Everything_lasts_for_a_bounded_time()
    {
        Assert.All(Take(11), fault =>
        {
            Assert.InRange(fault.Calm, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4));
            Assert.InRange(fault.Length, TimeSpan.Zero, TimeSpan.FromSeconds(30));
            Assert.True(fault.Pick >= 0);
        });
    }

    [Fact]
    public void Every_kind_is_found_by_its_name()
    {
        Assert.All(Enum.GetValues<FaultKind>(), kind => Assert.Equal(kind, FaultKinds.Find(kind.Name())));
        Assert.Null(FaultKinds.Find("meteor"));
    }

    private static IReadOnlyList<Fault> Take(int seed) => [.. Schedule.Endless(seed, FaultKinds.All).Take(100)];
}
