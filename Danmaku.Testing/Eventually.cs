using System.Runtime.CompilerServices;

namespace Danmaku.Testing;

/// <summary>Waits for a condition with a deadline, where nothing tells when it becomes true.</summary>
public static class Eventually
{
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    /// <exception cref="TimeoutException">It did not become true in time.</exception>
    public static Task TrueAsync(
        Func<bool> condition,
        TimeSpan? deadline = null,
        [CallerArgumentExpression(nameof(condition))] string what = "") =>
        TrueAsync(() => Task.FromResult(condition()), deadline, what);

    /// <exception cref="TimeoutException">It did not become true in time.</exception>
    public static async Task TrueAsync(
        Func<Task<bool>> condition,
        TimeSpan? deadline = null,
        [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        var (time, limit) = (TimeProvider.System, deadline ?? DefaultDeadline);
        for (var start = time.GetTimestamp(); !await condition().ConfigureAwait(false);)
        {
            if (time.GetElapsedTime(start) > limit)
            {
                throw new TimeoutException($"Not within {limit}: {what}");
            }

            await Task.Delay(Interval).ConfigureAwait(false);
        }
    }
}
