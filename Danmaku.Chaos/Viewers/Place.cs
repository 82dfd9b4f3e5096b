using Danmaku.Chaos.Checks;

namespace Danmaku.Chaos.Viewers;

/// <summary>What the viewers and posters of a run share.</summary>
/// <param name="Edges">Where anybody may connect.</param>
/// <param name="Waits">How long connected viewers go without a danmaku.</param>
/// <param name="Tell">Gets a line for the run's journal.</param>
public sealed record Place(
    IReadOnlyList<Uri> Edges,
    PostTexts Texts,
    PostLedger Ledger,
    OutageMeter<int> Waits,
    Action<string> Tell,
    RunClock Clock)
{
    public TimeProvider Time => Clock.Time;
}
