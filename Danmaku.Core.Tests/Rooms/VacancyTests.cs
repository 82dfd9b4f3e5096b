using Danmaku.Core.Rooms;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Rooms;

public class VacancyTests
{
    private static readonly TimeSpan KeepFor = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private readonly ManualTimeProvider _time = new();
    private readonly Vacancy _vacancy;

    public VacancyTests()
    {
        _vacancy = new Vacancy(KeepFor, _time);
        _vacancy.Visit();
        _vacancy.Restart();
    }

    [Fact]
    public void A_room_that_is_empty_for_a_short_time_is_spare_and_says_so_once()
    {
        _time.Advance(Vacancy.SpareAfter);
        Assert.Equal(RoomNeed.Unchanged, _vacancy.Look());

        _time.Advance(Tick);

        Assert.Equal(RoomNeed.Spare, _vacancy.Look());
        Assert.Equal(RoomNeed.Unchanged, _vacancy.Look());
    }

    [Fact]
    public void A_room_that_is_empty_for_long_is_not_needed()
    {
        _time.Advance(KeepFor);
        Assert.NotEqual(RoomNeed.None, _vacancy.Look());

        _time.Advance(Tick);

        Assert.Equal(RoomNeed.None, _vacancy.Look());
        Assert.Equal(RoomNeed.None, _vacancy.Look());
    }

    [Fact]
    public void Whoever_leaves_begins_the_wait_anew()
    {
        _time.Advance(KeepFor);
        _vacancy.Restart();
        _time.Advance(Vacancy.SpareAfter);

        Assert.Equal(RoomNeed.Unchanged, _vacancy.Look());
    }

    [Fact]
    public void After_another_visit_a_room_is_spare_again()
    {
        _time.Advance(Vacancy.SpareAfter + Tick);
        Assert.Equal(RoomNeed.Spare, _vacancy.Look());

        _vacancy.Visit();

        Assert.Equal(2, _vacancy.Visits);
        Assert.Equal(RoomNeed.Spare, _vacancy.Look());
    }
}
