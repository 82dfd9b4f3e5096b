using Danmaku.Core.Rooms;

namespace Danmaku.Core.Tests.Rooms;

public sealed class SegmentedFifoTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_does_what_a_queue_does(int seed)
    {
        var (random, model, queue) = (new Random(seed), new List<int>(), new SegmentedFifo<int>());
        for (var turn = 0; turn < 200; turn++)
        {
            for (var left = random.Next(600); left > 0; left--)
            {
                model.Add(left);
                queue.Enqueue(left);
            }

            // Now and then all of it.
            var taken = random.Next(4) == 0 ? model.Count : random.Next(Math.Min(600, model.Count + 1));
            for (var i = 0; i < taken; i++)
            {
                Assert.True(queue.TryPeek(out var oldest));
                Assert.Equal(model[i], oldest);
                Assert.Equal(model[i], queue.Dequeue());
            }

            model.RemoveRange(0, taken);
            Assert.Equal(model.Count, queue.Count);
            Assert.Equal(model, Enumerable.Range(0, queue.Count).Select(index => queue[index]));
        }
    }

    [Fact]
    public void An_empty_one_has_nothing()
    {
        var queue = new SegmentedFifo<string>();
        queue.Enqueue("a");
        queue.Dequeue();

        Assert.False(queue.TryPeek(out _));
        Assert.Throws<InvalidOperationException>(() => queue.Dequeue());
        Assert.Throws<ArgumentOutOfRangeException>(() => queue[0]);
    }

    [Fact]
    public void Removed_entries_are_freed()
    {
        var queue = new SegmentedFifo<object>();
        var taken = EnqueueAndTake(queue);

        GC.Collect();

        Assert.False(taken.IsAlive);
        Assert.Equal(1, queue.Count);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static WeakReference EnqueueAndTake(SegmentedFifo<object> queue)
    {
        queue.Enqueue(new object());
        queue.Enqueue(new object());
        return new WeakReference(queue.Dequeue());
    }

    [Fact]
    public void A_queue_that_loses_as_much_as_it_gets_allocates_nothing()
    {
        var queue = new SegmentedFifo<long>();
        Turn(queue, 2000);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Turn(queue, 2000);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    /// <summary>With something always in it, so that it goes on through its pieces.</summary>
    private static void Turn(SegmentedFifo<long> queue, int times)
    {
        while (queue.Count < 700)
        {
            queue.Enqueue(queue.Count);
        }

        for (var i = 0; i < times; i++)
        {
            queue.Enqueue(i);
            queue.Dequeue();
        }
    }
}
