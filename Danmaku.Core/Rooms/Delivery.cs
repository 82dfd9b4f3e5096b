namespace Danmaku.Core.Rooms;

/// <summary>What an edge passes on to its viewers.</summary>
public abstract record Delivery
{
    private Delivery()
    {
    }

    public sealed record Comments(Batch Batch) : Delivery;

    /// <summary>There is no time for these, which follow each other in one epoch: whoever can be told so goes on with what comes then.</summary>
    public sealed record Skipped(IReadOnlyList<Batch> Batches) : Delivery;

    /// <summary>Something may be missing before what follows <paramref name="Position"/>.</summary>
    public sealed record Lost(Position Position) : Delivery;
}
