using Danmaku.Core.Observability;
using Microsoft.Extensions.Logging;

namespace Danmaku.Actors.Storage;

/// <summary>Whether the store answers, for operators. Thread-safe.</summary>
public sealed partial class StoreHealth(DanmakuMetrics metrics, TimeProvider time, ILogger<StoreHealth> logger)
{
    private readonly Lock _gate = new();
    private long? _failingSince;

    /// <summary>How long calls have been failing; zero while they succeed.</summary>
    public TimeSpan Failing
    {
        get
        {
            lock (_gate)
            {
                return _failingSince is { } since ? time.GetElapsedTime(since) : TimeSpan.Zero;
            }
        }
    }

    public void Committed(TimeSpan took)
    {
        metrics.StoreCommitted(took);
        Answered();
    }

    public void Answered()
    {
        lock (_gate)
        {
            if (_failingSince is { } since)
            {
                LogBack(logger, time.GetElapsedTime(since));
                _failingSince = null;
            }
        }
    }

    public void Failed(Exception error)
    {
        metrics.StoreFailed();
        lock (_gate)
        {
            if (_failingSince is null)
            {
                LogAway(logger, error.GetType().Name, error.Message);
                _failingSince = time.GetTimestamp();
            }
        }
    }

    [LoggerMessage(30, LogLevel.Warning, "The store is away ({Error}: {Reason}); danmaku are shown without it until it is back.")]
    private static partial void LogAway(ILogger logger, string error, string reason);

    [LoggerMessage(31, LogLevel.Warning, "The store is back after {Away}.")]
    private static partial void LogBack(ILogger logger, TimeSpan away);
}
