using Danmaku.Core.Limits;

namespace Danmaku.Core.Tests.Limits;

public class MemoryBudgetTests
{
    private readonly MemoryBudget _budget = new(800);

    [Fact]
    public void Kinds_share_one_bound()
    {
        Assert.True(_budget.TryTake(MemoryKind.Input, 500));
        Assert.False(_budget.TryTake(MemoryKind.Output, 301));
        Assert.True(_budget.TryTake(MemoryKind.Output, 300));

        Assert.True(_budget.IsFull);
        Assert.Equal((800, 500, 300), (_budget.Used, _budget.UsedFor(MemoryKind.Input), _budget.UsedFor(MemoryKind.Output)));
    }

    [Fact]
    public void A_refused_request_takes_no_memory()
    {
        Assert.False(_budget.TryTake(MemoryKind.Input, 801));
        Assert.False(_budget.TryEnter(MemoryKind.Connections, 701));

        Assert.Equal((0, 0, 0), (_budget.Used, _budget.UsedFor(MemoryKind.Input), _budget.UsedFor(MemoryKind.Connections)));
    }

    [Fact]
    public void The_last_eighth_is_reserved_for_connected_clients()
    {
        Assert.True(_budget.TryEnter(MemoryKind.Connections, 700));

        Assert.False(_budget.TryEnter(MemoryKind.Connections, 1));
        Assert.False(_budget.IsFull);
        Assert.True(_budget.TryTake(MemoryKind.Input, 100));
    }

    [Fact]
    public void While_more_than_the_bound_is_taken_every_request_is_refused()
    {
        _budget.Take(MemoryKind.Output, 900);

        Assert.False(_budget.TryTake(MemoryKind.Input, 1));
        _budget.Return(MemoryKind.Output, 100);
        Assert.False(_budget.TryTake(MemoryKind.Input, 1));
        _budget.Return(MemoryKind.Output, 100);
        Assert.True(_budget.TryTake(MemoryKind.Input, 100));
        Assert.False(_budget.TryEnter(MemoryKind.Connections, 1));
    }

    [Fact]
    public void Every_refusal_is_reported()
    {
        var refused = new List<MemoryKind>();
        var budget = new MemoryBudget(800, refused.Add);

        Assert.True(budget.TryEnter(MemoryKind.Connections, 700));
        Assert.False(budget.TryEnter(MemoryKind.Connections, 1));
        Assert.False(budget.Refuses(MemoryKind.Output));
        Assert.False(budget.TryTake(MemoryKind.Input, 101));
        budget.Take(MemoryKind.Input, 100);
        Assert.True(budget.Refuses(MemoryKind.Output));

        Assert.Equal([MemoryKind.Connections, MemoryKind.Input, MemoryKind.Output], refused);
    }

    [Fact]
    public void Concurrent_requests_never_take_more_than_the_bound()
    {
        var given = 0;

        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                if (_budget.TryTake(MemoryKind.Input, 7))
                {
                    Interlocked.Increment(ref given);
                }
            }
        });

        // One that is refused may get in the way of another for a moment, never the other way round.
        Assert.InRange(given, 1, 800 / 7);
        Assert.Equal(given * 7, _budget.Used);
    }
}
