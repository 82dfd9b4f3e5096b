using Danmaku.Core.Rooms;

namespace Danmaku.Core.Tests.Rooms;

public class ReadyDeliveriesTests
{
    private static readonly Position End5 = new(5, 2);

    private readonly ReadyDeliveries _ready = new(2 * Comments.At(5, 1).Bytes);

    [Fact]
    public void What_is_taken_is_taken_once()
    {
        Assert.False(_ready.Any);
        _ready.Enter(5, Position.None);
        _ready.Add(Comments.At(5, 1));

        Assert.Equal((true, 1, Comments.At(5, 1).Bytes), (_ready.Any, _ready.Count, _ready.Bytes));
        Assert.Single(_ready.Take(long.MaxValue));
        Assert.Equal((false, 0, 0), (_ready.Any, _ready.Count, _ready.Bytes));
        Assert.Empty(_ready.Take(long.MaxValue));
    }

    [Fact]
    public void A_batch_is_of_one_epoch_and_says_where_the_one_before_ended()
    {
        _ready.Enter(5, Position.None);
        _ready.Add(Comments.At(5, 2));
        _ready.Enter(6, End5);
        _ready.Add(Comments.At(6, 1));

        var batches = Batches(_ready.Take(long.MaxValue));

        Assert.Equal(["5:2", "6:1"], batches.Texts());
        Assert.Equal([(5, Position.None), (6, End5)], batches.Select(batch => (batch.Epoch, batch.Previous)));
    }

    [Fact]
    public void A_batch_is_no_longer_than_a_page()
    {
        _ready.Enter(5, Position.None);
        for (var offset = 1; offset <= 5; offset++)
        {
            _ready.Add(Comments.At(5, offset));
        }

        Assert.Equal([2, 2, 1], Batches(_ready.Take(long.MaxValue)).Select(batch => batch.Comments.Count));
    }

    [Fact]
    public void A_loss_stands_between_what_came_before_and_what_comes_after()
    {
        _ready.Enter(5, Position.None);
        _ready.Add(Comments.At(5, 1));
        _ready.Enter(5, Position.None);
        _ready.AddLost(new Position(5, 8));
        _ready.Add(Comments.At(5, 9));

        var taken = _ready.Take(long.MaxValue);

        Assert.Equal(3, taken.Count);
        Assert.Equal(new Delivery.Lost(new Position(5, 8)), taken[1]);
        Assert.Equal(["5:1", "5:9"], Batches(taken.OfType<Delivery.Comments>()).Texts());
    }

    [Fact]
    public void What_is_skipped_is_told_for_each_epoch_and_a_loss_is_never_skipped()
    {
        _ready.Enter(5, Position.None);
        _ready.Add(Comments.At(5, 1));
        _ready.Enter(6, End5);
        _ready.Add(Comments.At(6, 1));
        _ready.AddLost(new Position(6, 3));
        _ready.Add(Comments.At(6, 4));

        var taken = _ready.Take(0);

        Assert.Collection(
            taken,
            delivery => Assert.Equal(["5:1"], Assert.IsType<Delivery.Skipped>(delivery).Batches.Texts()),
            delivery => Assert.Equal(["6:1"], Assert.IsType<Delivery.Skipped>(delivery).Batches.Texts()),
            delivery => Assert.IsType<Delivery.Lost>(delivery),
            delivery => Assert.Equal(["6:4"], Assert.IsType<Delivery.Skipped>(delivery).Batches.Texts()));
    }

    private static List<Batch> Batches(IEnumerable<Delivery> taken) => [.. taken.Select(delivery => Assert.IsType<Delivery.Comments>(delivery).Batch)];
}
