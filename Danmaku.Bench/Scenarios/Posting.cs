using Danmaku.Bench.Client;
using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Scenarios;

/// <summary>Posts on a schedule made beforehand: an answer that comes late delays no post, so slowness is seen whole.</summary>
/// <param name="rate">Posts per second, evenly spaced, by all posters in turn.</param>
public sealed class Posting(IReadOnlyList<JsonViewer> posters, double rate, RunClock clock)
{
    private readonly long _start = clock.Time.GetTimestamp();
    private readonly long _startMicros = clock.Micros;

    /// <summary>Sends the posts of these numbers, each when it is due, and returns when the next one would be.</summary>
    /// <param name="slip">How late posts left. Latencies are counted from when they were due, so they include it.</param>
    public async Task RunAsync(int from, int to, LatencyRecorder slip, CancellationToken cancellation)
    {
        for (var number = from; number < to; number++)
        {
            await WaitFor(number, cancellation);
            var due = _startMicros + (long)(number / rate * 1_000_000);
            slip.Record(clock.Micros - due);
            posters[number % posters.Count].Post(new PostTag(number, due));
        }

        await WaitFor(to, cancellation);
    }

    private Task WaitFor(int number, CancellationToken cancellation) =>
        clock.Time.DelayUntil(_start, TimeSpan.FromSeconds(number / rate), cancellation);
}
