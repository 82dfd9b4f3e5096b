namespace Danmaku.Core.Rooms;

/// <summary>A place in a room's history: the epoch (one life of the history) and the number of danmaku accepted in it.</summary>
/// <param name="Epoch">1 to 2^53 − 1; each life has a greater one. 0 means "none".</param>
/// <param name="Offset">0 (before the first danmaku) to 2^53 − 1.</param>
public readonly record struct Position(long Epoch, long Offset) : IComparable<Position>
{
    /// <summary>Integers on the wire stay exact in JavaScript (docs/protocol.md §1).</summary>
    public const long MaxInteger = (1L << 53) - 1;

    /// <summary>No position; before any epoch.</summary>
    public static readonly Position None;

    public bool IsNone => Epoch == 0;

    public Position Next => this with { Offset = Offset + 1 };

    public int CompareTo(Position other) =>
        Epoch != other.Epoch ? Epoch.CompareTo(other.Epoch) : Offset.CompareTo(other.Offset);

    public static bool operator <(Position left, Position right) => left.CompareTo(right) < 0;

    public static bool operator >(Position left, Position right) => left.CompareTo(right) > 0;

    public static bool operator <=(Position left, Position right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Position left, Position right) => left.CompareTo(right) >= 0;

    public override string ToString() => $"{Epoch}:{Offset}";
}

/// <summary>A room's newest position, and where its previous epoch ended.</summary>
/// <param name="Top">The position of the newest danmaku; offset 0 when the epoch has none yet.</param>
/// <param name="Previous">Where the previous epoch ended; <see cref="Position.None"/> when there was none or it is unknown.</param>
public readonly record struct RoomHead(Position Top, Position Previous);

/// <summary>Chooses epochs.</summary>
public static class Epochs
{
    /// <summary>
    /// The greatest epoch that a message may name: later than any clock can be set, and so far below <see cref="Position.MaxInteger"/> that epochs never reach
    /// that. A greater one could leave a room without a next epoch.
    /// </summary>
    public const long MaxKnown = 1L << 52;

    /// <summary>
    /// The epoch of a history that begins now: Unix milliseconds, but greater than <paramref name="lastKnown"/>. So epochs never run backwards, even if the
    /// clock or the store does.
    /// </summary>
    public static long Next(long lastKnown, TimeProvider time) => Next(lastKnown, time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <param name="now">Unix milliseconds.</param>
    public static long Next(long lastKnown, long now) => Math.Max(lastKnown + 1, now);
}
