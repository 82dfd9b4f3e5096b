using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Client;

/// <summary>What the viewers of a run share.</summary>
/// <param name="EdgeLatency">Where viewers of one edge record how long danmaku took.</param>
public sealed record Audience(RunClock Clock, PostTexts Texts, PostBook Book, LatencyRecorder EdgeLatency)
{
    /// <summary>One danmaku of this run arrived at a viewer that measures.</summary>
    public void Arrived(PostTag tag)
    {
        if (Book.IsMeasured(tag.Number))
        {
            EdgeLatency.Record(Clock.Micros - tag.DueMicros);
        }
    }
}
