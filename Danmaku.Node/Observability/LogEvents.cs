namespace Danmaku.Node.Observability;

/// <summary>All log events of the node. They never contain a viewer's text, token or address.</summary>
internal static partial class LogEvents
{
    [LoggerMessage(1, LogLevel.Information, "Node {Node} ({Roles}) listens on {Urls}, data in {DataDirectory}")]
    public static partial void NodeStarted(this ILogger logger, string node, string roles, string urls, string dataDirectory);

    [LoggerMessage(2, LogLevel.Information, "Draining {Connections} connections")]
    public static partial void DrainStarted(this ILogger logger, int connections);

    [LoggerMessage(3, LogLevel.Warning, "{Connections} connections did not close within the drain time and were cut off")]
    public static partial void DrainIncomplete(this ILogger logger, int connections);

    [LoggerMessage(4, LogLevel.Information, "Purged {Entries} stored responses on {Nodes} nodes; no answer from: {Missing}")]
    public static partial void Purged(this ILogger logger, int nodes, int entries, string missing);

    [LoggerMessage(5, LogLevel.Information, "Operators reach this node on {Urls}")]
    public static partial void OperatorsListen(this ILogger logger, string urls);

    [LoggerMessage(10, LogLevel.Error, "A connection failed")]
    public static partial void ConnectionFailed(this ILogger logger, Exception error);

    [LoggerMessage(24, LogLevel.Warning,
        "The disk of the data directory is nearly full: {Free} of {Size} MiB are free; when it is full the store keeps "
        + "no more danmaku")]
    public static partial void DiskNearlyFull(this ILogger logger, double free, double size);

    [LoggerMessage(25, LogLevel.Information, "The disk of the data directory has room again: {Free} of {Size} MiB are free")]
    public static partial void DiskHasRoom(this ILogger logger, double free, double size);

    [LoggerMessage(30, LogLevel.Warning, "{Listener} accepts no more connections: {Reason}. Open connections go on")]
    public static partial void ListenerFull(this ILogger logger, string listener, string reason);

    [LoggerMessage(31, LogLevel.Information, "{Listener} accepts connections again")]
    public static partial void ListenerFree(this ILogger logger, string listener);

    [LoggerMessage(32, LogLevel.Warning, "Clients use all the memory that they may have, {Bytes} bytes: new clients, and requests that need more, are refused")]
    public static partial void MemoryFull(this ILogger logger, long bytes);

    [LoggerMessage(33, LogLevel.Information, "There is memory for clients again")]
    public static partial void MemoryFree(this ILogger logger);

    [LoggerMessage(34, LogLevel.Warning, "The keys of tokens cannot be read from {Place}: {Reason}. Those that were read before go on, and it is tried again")]
    public static partial void KeysAreAway(this ILogger logger, string place, string reason);

    [LoggerMessage(35, LogLevel.Information, "The keys of tokens can be read again")]
    public static partial void KeysAreBack(this ILogger logger);

    [LoggerMessage(12, LogLevel.Error, "A sweep over the connections failed; the next one runs as planned")]
    public static partial void SweepFailed(this ILogger logger, Exception error);
}
