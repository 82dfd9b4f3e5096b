namespace Danmaku.WebSockets.Kestrel;

internal static partial class Log
{
    [LoggerMessage(10, LogLevel.Error, "A connection failed")]
    public static partial void ConnectionFailed(this ILogger logger, Exception error);
}
