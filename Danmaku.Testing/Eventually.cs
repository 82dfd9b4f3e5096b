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
        var limit = deadline ?? DefaultDeadline;
        if (!await WithinAsync(limit, Interval, condition, TimeProvider.System).ConfigureAwait(false))
        {
            throw new TimeoutException($"Not within {limit}: {what}");
        }
    }

    /// <summary>Asks at intervals until it is so.</summary>
    /// <returns>False when it was not so in time.</returns>
    public static async Task<bool> WithinAsync(
        TimeSpan patience, TimeSpan interval, Func<Task<bool>> condition, TimeProvider time, CancellationToken cancellation = default)
    {
        for (var start = time.GetTimestamp(); !await condition().ConfigureAwait(false);)
        {
            if (time.GetElapsedTime(start) > patience)
            {
                return false;
            }

            await Task.Delay(interval, time, cancellation).ConfigureAwait(false);
        }

        return true;
    }
}
