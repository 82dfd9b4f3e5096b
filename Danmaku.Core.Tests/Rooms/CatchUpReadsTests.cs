using Danmaku.Core.Rooms;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Rooms;

public class CatchUpReadsTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly CatchUpReads<string> _reads;

    public CatchUpReadsTests() => _reads = new CatchUpReads<string>(_time);

    [Fact]
    public void A_page_is_asked_for_once_for_all_who_wait_for_it()
    {
        _reads.Wait("Mei", At(3));
        _reads.Wait("Ren", At(3));

        Assert.Equal([At(3)], _reads.Due());
        Assert.Empty(_reads.Due());
        Assert.Equal(["Mei", "Ren"], _reads.Take(At(3)));
        Assert.Empty(_reads.Take(At(3)));
    }

    [Fact]
    public void A_page_that_does_not_come_is_asked_for_again()
    {
        _reads.Wait("Mei", At(3));
        _ = _reads.Due();
        _time.Advance(CatchUpReads<string>.AskAgainAfter - TimeSpan.FromTicks(1));
        Assert.Empty(_reads.Due());

        _time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal([At(3)], _reads.Due());
        Assert.Empty(_reads.Due());
    }

    [Fact]
    public void Of_many_pages_a_few_are_under_way_at_a_time()
    {
        for (var i = 1; i <= CatchUpReads<string>.MaxAsked + 1; i++)
        {
            _reads.Wait($"{i}", At(i));
        }

        Assert.Equal(Enumerable.Range(1, CatchUpReads<string>.MaxAsked).Select(i => At(i)), _reads.Due());
        Assert.Empty(_reads.Due());

        _reads.Take(At(2));

        Assert.Equal([At(CatchUpReads<string>.MaxAsked + 1)], _reads.Due());
    }

    [Fact]
    public void A_page_that_nobody_waits_for_any_more_is_not_asked_for_again_and_gives_its_place_back()
    {
        for (var i = 1; i <= CatchUpReads<string>.MaxAsked + 2; i++)
        {
            _reads.Wait($"{i}", At(i));
        }

        _ = _reads.Due();
        _reads.Forget("1");
        _reads.Forget($"{CatchUpReads<string>.MaxAsked + 1}");

        Assert.Equal([At(CatchUpReads<string>.MaxAsked + 2)], _reads.Due());
        _time.Advance(CatchUpReads<string>.AskAgainAfter);
        Assert.DoesNotContain(At(1), _reads.Due());
    }

    [Fact]
    public void Who_leaves_takes_nothing_from_those_who_stay()
    {
        _reads.Wait("Mei", At(3));
        _reads.Wait("Ren", At(3));
        _reads.Forget("Mei");
        _reads.Forget("Nobody");

        Assert.Equal([At(3)], _reads.Due());
        Assert.Equal(["Ren"], _reads.Take(At(3)));
    }

    private static Position At(long offset) => new(5, offset);
}
