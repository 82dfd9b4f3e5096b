namespace Danmaku.Bench.Measure;

/// <summary>How the sequences of viewers went, added up.</summary>
/// <param name="Announced">Of <paramref name="Missing"/>: the server said so (<c>skipped</c>).</param>
/// <param name="Breaks">Times that continuity could not be shown: <c>lost</c>, or an epoch without its predecessor.</param>
/// <param name="Unplaced">Plain danmaku whose position nobody told.</param>
/// <param name="Silent">Viewers that never got anything to begin a sequence with.</param>
/// <param name="Foreign">Danmaku of others, as far as somebody looked.</param>
public sealed record Sequences(long Missing, long Announced, long Doubled, long Reordered, long Breaks, long Unplaced, int Silent, long Foreign)
{
    public static readonly Sequences None = new(0, 0, 0, 0, 0, 0, 0, 0);

    public bool IsClean => Missing + Doubled + Reordered + Breaks + Unplaced + Silent == 0;

    public static Sequences Of(SequenceChecker sequence) =>
        None with
        {
            Missing = sequence.Missing,
            Announced = sequence.Announced,
            Doubled = sequence.Doubled,
            Reordered = sequence.Reordered,
            Breaks = sequence.Breaks,
        };

    /// <summary>What was added since an earlier count.</summary>
    public Sequences Since(Sequences earlier) => And(new(
        -earlier.Missing, -earlier.Announced, -earlier.Doubled, -earlier.Reordered, -earlier.Breaks, -earlier.Unplaced, -earlier.Silent, -earlier.Foreign));

    public Sequences And(Sequences other) => new(
        Missing + other.Missing,
        Announced + other.Announced,
        Doubled + other.Doubled,
        Reordered + other.Reordered,
        Breaks + other.Breaks,
        Unplaced + other.Unplaced,
        Silent + other.Silent,
        Foreign + other.Foreign);
}
