using Danmaku.Core.Rooms;

namespace Danmaku.Chaos.Checks;

/// <summary>What a room's log says of one danmaku.</summary>
/// <param name="Post">The number of its post; −1 for one that is not of this run.</param>
/// <param name="Time">When it was said, Unix milliseconds.</param>
public readonly record struct LoggedPost(Position Position, int Post, long Time);

/// <summary>Measures the times in a room's log against those of the run.</summary>
public static class TimeCheck
{
    /// <summary>How far the times may be from those of this process.</summary>
    private const long Tolerance = 5000;

    /// <summary>How many danmaku have a time that is not of the run, or is before that of an earlier one of their epoch.</summary>
    /// <param name="log">In order.</param>
    public static int CountWrong(IEnumerable<LoggedPost> log, DateTimeOffset begin, DateTimeOffset end)
    {
        var (first, last) = (begin.ToUnixTimeMilliseconds() - Tolerance, end.ToUnixTimeMilliseconds() + Tolerance);
        var (wrong, before) = (0, default(LoggedPost));
        foreach (var post in log)
        {
            var isBackwards = post.Position.Epoch == before.Position.Epoch && post.Time < before.Time;
            wrong += isBackwards || post.Time < first || post.Time > last ? 1 : 0;
            before = post;
        }

        return wrong;
    }
}
