using Danmaku.Bench.Engine;
using Danmaku.Bench.Viewers;

namespace Danmaku.Bench.Scenarios;

/// <summary>Lets viewers connect at a rate, and once more who was refused. On the thread of the loop.</summary>
/// <param name="rate">Viewers that begin to connect per second; 0 for all at once.</param>
/// <param name="isRetrying">Who is not let in tries again, as the reference client does, instead of ending the run.</param>
/// <param name="chance">Decides how long who was refused waits.</param>
internal sealed class Arrivals(IReadOnlyList<Viewer> viewers, Action<Viewer> connect, int rate, bool isRetrying, LoadLoop loop, Random chance)
{
    /// <summary>More than this are not joining at the same time, however slow the servers answer.</summary>
    private const int MaxJoining = 256;

    /// <summary>After so many connects it is looked after those that are under way.</summary>
    private const int MaxAtOnce = 64;

    /// <summary>Limits of the random wait before coming back (docs/protocol.md §5), in microseconds.</summary>
    private const double FirstBackOff = 500_000;
    private const double LongestBackOff = 30_000_000;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, int> _refusals = [];
    private readonly Dictionary<int, int> _tries = [];
    private readonly PriorityQueue<int, long> _retries = new();
    private Viewer? _failed;
    private long? _start;
    private int _begun;
    private int _oldest;

    /// <summary>How often viewers were not let in and tried again, by the reason.</summary>
    public IReadOnlyDictionary<string, int> Refusals => _refusals;

    /// <summary>Connects those whose turn it is.</summary>
    /// <param name="joined">How many are in.</param>
    /// <returns>When it is the next one's turn.</returns>
    public long ConnectDue(int joined)
    {
        _start ??= loop.Now;
        while (_retries.TryPeek(out var index, out var due) && due <= loop.Now)
        {
            _retries.Dequeue();
            connect(viewers[index]);
        }

        var pause = Math.Min(_begun + MaxAtOnce, viewers.Count);
        for (; _begun < pause && (isRetrying || _begun - joined < MaxJoining) && DueOf(_begun) <= loop.Now; _begun++)
        {
            viewers[_begun].DueMicros = isRetrying || rate > 0 ? DueOf(_begun) : loop.Now;
            connect(viewers[_begun]);
        }

        return Math.Min(_begun < viewers.Count ? DueOf(_begun) : long.MaxValue, _retries.TryPeek(out _, out var next) ? next : long.MaxValue);
    }

    /// <summary>A viewer was not let in.</summary>
    public void Refused(Viewer viewer)
    {
        if (!isRetrying)
        {
            _failed ??= viewer;
            return;
        }

        _refusals[viewer.End!] = _refusals.GetValueOrDefault(viewer.End!) + 1;
        var tries = _tries[viewer.Index] = _tries.GetValueOrDefault(viewer.Index) + 1;
        var wait = Math.Min(LongestBackOff, FirstBackOff * Math.Pow(2, tries - 1));
        _retries.Enqueue(viewer.Index, loop.Now + (long)(chance.NextDouble() * wait));
    }

    /// <summary>The first who was not let in, or not in time; null as long as all is well.</summary>
    public (Viewer Viewer, string Why)? WhyFailed()
    {
        if (_failed is { } failed)
        {
            return (failed, $": {failed.End}");
        }

        // They join about in the order in which they came, so looking at the oldest is enough.
        for (; _oldest < _begun && viewers[_oldest].IsJoined; _oldest++)
        {
        }

        return _oldest < _begun && !isRetrying && loop.Now - viewers[_oldest].DueMicros > Timeout.TotalMicroseconds
            ? (viewers[_oldest], FormattableString.Invariant($" within {Timeout.TotalSeconds:0} s"))
            : null;
    }

    private long DueOf(int index) => _start!.Value + (rate == 0 ? 0 : (long)(1e6 * index / rate));
}
