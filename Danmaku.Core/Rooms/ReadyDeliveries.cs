using Danmaku.Core.Moderation;

namespace Danmaku.Core.Rooms;

/// <summary>
/// What one room on one edge has ready for its viewers, in order. Gathers danmaku in batches that no outbox is too small for, and leaves out the oldest
/// where there is no time for all.
/// </summary>
/// <remarks>Not thread-safe; it has one owner. Its owner takes what is ready a tick later at the latest, which bounds it.</remarks>
/// <param name="pageBytes">A batch with so many of danmaku (<see cref="Comment.Bytes"/>) is closed.</param>
public sealed class ReadyDeliveries(int pageBytes)
{
    private readonly List<Delivery> _ready = [];

    /// <summary>The batch that still grows: danmaku of one epoch.</summary>
    private List<Comment> _batch = [];

    private (long Epoch, Position Previous) _of;
    private int _batchBytes;

    /// <summary>Whether <see cref="Take"/> has something.</summary>
    public bool Any => _batch.Count > 0 || _ready.Count > 0;

    /// <summary>Danmaku that <see cref="Take"/> has.</summary>
    public int Count { get; private set; }

    /// <summary>Of these (<see cref="Comment.Bytes"/>).</summary>
    public long Bytes { get; private set; }

    /// <summary>What comes next is of this epoch, or does not follow what came before.</summary>
    /// <param name="previous">Where the epoch before ended.</param>
    public void Enter(long epoch, Position previous)
    {
        CloseBatch();
        _of = (epoch, previous);
    }

    /// <summary>Adds the danmaku that comes next.</summary>
    public void Add(Comment comment)
    {
        _batch.Add(comment);
        _batchBytes += comment.Bytes;
        Count++;
        Bytes += comment.Bytes;
        if (_batchBytes >= pageBytes)
        {
            CloseBatch();
        }
    }

    /// <summary>Puts placeholders where recalls take something back.</summary>
    public void Withdraw(RecallSet recalls)
    {
        for (var i = 0; i < _ready.Count; i++)
        {
            if (_ready[i] is Delivery.Comments { Batch: var batch })
            {
                _ready[i] = new Delivery.Comments(recalls.Apply(batch));
            }
        }

        for (var i = 0; i < _batch.Count; i++)
        {
            _batch[i] = recalls.Apply(_of.Epoch, _batch[i]);
        }

        Bytes = _batch.Sum(comment => (long)comment.Bytes)
            + _ready.OfType<Delivery.Comments>().Sum(delivery => delivery.Batch.Comments.Sum(comment => (long)comment.Bytes));
    }

    /// <summary>Something may be missing before what comes next, which follows <paramref name="position"/>.</summary>
    public void AddLost(Position position)
    {
        CloseBatch();
        _ready.Add(new Delivery.Lost(position));
    }

    /// <summary>Takes what has become ready since the last call, in order.</summary>
    /// <param name="bytes">So many of danmaku at most (<see cref="Comment.Bytes"/>): the oldest beyond that are skipped.</param>
    public IReadOnlyList<Delivery> Take(long bytes)
    {
        CloseBatch();
        if (_ready.Count == 0)
        {
            return [];
        }

        IReadOnlyList<Delivery> taken = Bytes <= bytes ? [.. _ready] : SkipOldest(bytes);
        _ready.Clear();
        (Count, Bytes) = (0, 0);
        return taken;
    }

    private void CloseBatch()
    {
        if (_batch.Count > 0)
        {
            _ready.Add(new Delivery.Comments(new Batch(_of.Epoch, _of.Previous, _batch)));
            (_batch, _batchBytes) = ([], 0);
        }
    }

    private List<Delivery> SkipOldest(long bytes)
    {
        var (taken, surplus) = (new List<Delivery>(), Bytes - bytes);
        foreach (var delivery in _ready)
        {
            if (surplus <= 0 || delivery is not Delivery.Comments { Batch: var batch })
            {
                taken.Add(delivery);
                continue;
            }

            var count = 0;
            for (; count < batch.Comments.Count && surplus > 0; count++)
            {
                surplus -= batch.Comments[count].Bytes;
            }

            Skip(taken, batch with { Comments = [.. batch.Comments.Take(count)] });
            if (count < batch.Comments.Count)
            {
                taken.Add(new Delivery.Comments(batch with { Comments = [.. batch.Comments.Skip(count)] }));
            }
        }

        return taken;
    }

    private static void Skip(List<Delivery> taken, Batch batch)
    {
        if (taken is [.., Delivery.Skipped { Batches: [.., var last] } skipped] && last.Epoch == batch.Epoch)
        {
            taken[^1] = new Delivery.Skipped([.. skipped.Batches, batch]);
        }
        else
        {
            taken.Add(new Delivery.Skipped([batch]));
        }
    }
}
