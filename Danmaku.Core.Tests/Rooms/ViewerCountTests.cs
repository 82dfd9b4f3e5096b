using Danmaku.Core.Rooms;

namespace Danmaku.Core.Tests.Rooms;

public class ViewerCountTests
{
    private readonly ViewerCount _count = new();

    [Fact]
    public void Viewers_are_told_a_number_once()
    {
        Assert.Equal(2, _count.News(here: 2));
        Assert.Null(_count.News(here: 2));
        Assert.Equal(1, _count.News(here: 1));
    }

    [Fact]
    public void Those_on_other_edges_count_as_soon_as_the_origin_says_so()
    {
        _count.Learn(12);

        Assert.Equal(12, _count.Total(here: 2));
        Assert.Equal(12, _count.News(here: 2));
        Assert.Null(_count.News(here: 3));
    }

    [Fact]
    public void Those_who_have_just_come_here_count_before_the_origin_knows()
    {
        _count.Learn(12);

        Assert.Equal(15, _count.Total(here: 15));
    }
}
