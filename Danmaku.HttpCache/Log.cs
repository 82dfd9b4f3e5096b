namespace Danmaku.HttpCache;

/// <summary>All log events of a cache.</summary>
internal static partial class Log
{
    [LoggerMessage(20, LogLevel.Warning, "The cache cannot use its disk and goes on without it: {Reason}")]
    public static partial void CacheDiskFailed(this ILogger logger, string reason);

    [LoggerMessage(21, LogLevel.Warning, "A cached response on disk is damaged; it is fetched again")]
    public static partial void CacheFileDamaged(this ILogger logger);

    [LoggerMessage(22, LogLevel.Error, "A fetch from an origin failed")]
    public static partial void FillFailed(this ILogger logger, Exception error);

    [LoggerMessage(23, LogLevel.Warning, "The store found the disk full; the cache deleted {Bytes} bytes of its files")]
    public static partial void CacheMadeRoom(this ILogger logger, long bytes);
}
