using Danmaku.Core.Rooms;

namespace Danmaku.Chaos.Checks;

/// <summary>What one viewer's life came to, measured against its room's log.</summary>
/// <param name="Expected">Positions of the log after the viewer's first welcome, less those that were announced.</param>
/// <param name="Seen">Danmaku that arrived, all of them.</param>
/// <param name="Lost">Expected, and never came.</param>
/// <param name="Doubled">Came again.</param>
/// <param name="Reordered">Came after a later one, for the first time.</param>
/// <param name="Disagreeing">Another danmaku than the log has there.</param>
/// <param name="Phantoms">At positions that the log does not have.</param>
/// <param name="Skipped">Positions announced as skipped.</param>
/// <param name="Notices">All <c>lost</c>.</param>
/// <param name="Examples">A few of what is wrong, for people.</param>
public sealed record ViewerFinding(
    long Expected,
    long Seen,
    Tally Lost,
    long Doubled,
    long Reordered,
    long Disagreeing,
    Tally Phantoms,
    long Skipped,
    IReadOnlyList<LostNotice> Notices,
    IReadOnlyList<string> Examples)
{
    public static readonly ViewerFinding None = new(0, 0, default, 0, 0, 0, default, 0, [], []);

    public static ViewerFinding operator +(ViewerFinding left, ViewerFinding right) => new(
        left.Expected + right.Expected,
        left.Seen + right.Seen,
        left.Lost + right.Lost,
        left.Doubled + right.Doubled,
        left.Reordered + right.Reordered,
        left.Disagreeing + right.Disagreeing,
        left.Phantoms + right.Phantoms,
        left.Skipped + right.Skipped,
        [.. left.Notices, .. right.Notices],
        [.. left.Examples, .. right.Examples]);
}

/// <summary>A viewer was told that it may have missed something.</summary>
/// <param name="From">The last position that it had.</param>
/// <param name="To">After which it went on.</param>
/// <param name="Missed">What the log has between them.</param>
/// <param name="WhyJustified">Null when nothing justifies it.</param>
public sealed record LostNotice(Position From, Position To, int Missed, string? WhyJustified);
