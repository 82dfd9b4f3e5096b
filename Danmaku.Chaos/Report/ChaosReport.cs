using Danmaku.Chaos.Checks;
using Danmaku.Chaos.Cluster;
using Danmaku.Chaos.Faults;

namespace Danmaku.Chaos.Report;

/// <summary>What a run of chaos found.</summary>
/// <param name="Length">From the first viewer to the last answer.</param>
/// <param name="LeftOut">Faults of the schedule that cannot be had on this machine, and why.</param>
/// <param name="SkipNotices">How often a viewer was told <c>skipped</c>.</param>
/// <param name="WrongTimes">Danmaku in the store whose time is not that at which they were said.</param>
/// <param name="Exits">All ends of nodes, those of the end included.</param>
/// <param name="Failure">What did not happen in time; null when all did.</param>
/// <param name="Remarks">What a reader should know besides.</param>
public sealed record ChaosReport(
    Machine Machine,
    ChaosSettings Settings,
    TimeSpan Length,
    IReadOnlyList<FaultResult> Faults,
    IReadOnlyDictionary<FaultKind, string> LeftOut,
    ViewerFinding Viewers,
    long SkipNotices,
    PostFinding Posts,
    int WrongTimes,
    IReadOnlyCollection<NodeExit> Exits,
    string? Failure,
    IReadOnlyList<string> Remarks)
{
    /// <summary>Everything that is not as promised; empty when all is.</summary>
    public IReadOnlyList<string> Broken => [.. FindBroken()];

    public bool IsClean => Broken.Count == 0;

    public int Unjustified => Viewers.Notices.Count(notice => notice.WhyJustified is null);

    private IEnumerable<string> FindBroken()
    {
        if (Failure is not null)
        {
            yield return Failure;
        }

        (string Name, long Count)[] promises =
        [
            ("danmaku lost to viewers", Viewers.Lost.Firm),
            ("danmaku doubled to viewers", Viewers.Doubled),
            ("danmaku reordered", Viewers.Reordered),
            ("danmaku on which viewers and log disagree", Viewers.Disagreeing),
            ("danmaku seen that the log does not have", Viewers.Phantoms.Firm),
            ("danmaku with a wrong time", WrongTimes),
            ("lost notices that nothing justifies", Unjustified),
            ("acknowledged posts lost", Posts.Lost.Firm),
            ("posts doubled", Posts.Doubled.Firm),
            ("posts with contradictory answers", Posts.Contradictions),
            ("posts without an answer", Posts.Unresolved),
            ("nodes that did not end with 0 on SIGTERM", Exits.Count(exit => exit is { Told: Signal.Terminate, Code: not 0 })),
        ];
        foreach (var (name, count) in promises.Where(promise => promise.Count > 0))
        {
            yield return $"{count} {name}";
        }

        if (Posts.Acked + Posts.Undurable == 0 || Viewers.Seen == 0)
        {
            yield return "nothing was posted or nothing was seen";
        }
    }
}
