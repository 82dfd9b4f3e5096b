using Danmaku.HttpCache.Storage;

namespace Danmaku.HttpCache.Tests;

public sealed class EvictionQueueTests
{
    private readonly List<string> _evicted = [];

    [Fact]
    public void One_large_scan_does_not_push_out_what_is_in_use()
    {
        var queue = new EvictionQueue<string>(1000, _evicted.Add);
        var used = Enumerable.Range(0, 50).Select(i => Add(queue, $"used {i}")).ToList();
        used.ForEach(slot =>
        {
            slot.Touch();
            slot.Touch();
        });

        for (var i = 0; i < 10_000; i++)
        {
            Add(queue, $"once {i}");
        }

        Assert.DoesNotContain(_evicted, item => item.StartsWith("used", StringComparison.Ordinal));
        Assert.InRange(queue.Cost, 900, 1000);
    }

    [Fact]
    public void An_item_that_comes_back_soon_is_kept_longer()
    {
        var queue = new EvictionQueue<string>(100, _evicted.Add);
        for (var i = 0; i < 20; i++)
        {
            Add(queue, $"first {i}");
        }

        Assert.Contains("first 0", _evicted);
        Add(queue, "first 0");
        _evicted.Clear();
        for (var i = 0; i < 20; i++)
        {
            Add(queue, $"second {i}");
        }

        Assert.DoesNotContain("first 0", _evicted);
    }

    [Fact]
    public void A_removed_item_is_not_evicted_and_costs_nothing()
    {
        var queue = new EvictionQueue<string>(100, _evicted.Add);
        var slot = Add(queue, "a");

        queue.Remove(slot);
        queue.Remove(slot);

        Assert.Equal((0, 0), (queue.Cost, queue.Count));
        Assert.Empty(_evicted);
    }

    [Fact]
    public void An_item_larger_than_the_budget_does_not_stay()
    {
        var queue = new EvictionQueue<string>(100, _evicted.Add);

        queue.Add("large", 101, 1);

        Assert.Equal(["large"], _evicted);
        Assert.Equal(0, queue.Cost);
    }

    private static EvictionQueue<string>.Slot Add(EvictionQueue<string> queue, string item) =>
        queue.Add(item, 10, item.GetHashCode(StringComparison.Ordinal));
}
