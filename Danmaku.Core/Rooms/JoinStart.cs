namespace Danmaku.Core.Rooms;

/// <summary>Where a viewer's stream begins.</summary>
/// <param name="Position">The first batch starts at the next offset, or at offset 1 of the next epoch.</param>
/// <param name="IsLost">It had a position, and what came after that is not all here.</param>
/// <param name="Batches">What it gets at once.</param>
public sealed record JoinStart(Position Position, bool IsLost, IReadOnlyList<Batch> Batches)
{
    /// <summary>It has missed more than a page: it joins once more, with the end of <see cref="Batches"/>, when there is place for it.</summary>
    public bool HasMore { get; init; }
}
