using Akka.Actor;
using Akka.Event;
using Akka.Hosting.Logging;
using Danmaku.Actors.Tls;

namespace Danmaku.Actors.Cluster;

/// <summary>
/// Forwards Akka.NET's log to the host's. A lost peer becomes a warning instead of an error, because nodes come and go. Connections that
/// <see cref="TlsLogger"/> has logged are not logged again.
/// </summary>
public sealed class AkkaLogger : LoggerFactoryLogger
{
    /// <summary>An internal type of Akka.Remote.</summary>
    private const string PeerGone = "EndpointDisassociatedException";

    protected override void Log(LogEvent log, ActorPath path)
    {
        if (log is not Warning || !log.Message.ToString()!.Contains(TlsTransport.Failed, StringComparison.Ordinal))
        {
            base.Log(log is Error && log.Cause?.GetType().Name == PeerGone ? new Warning(null, log.LogSource, log.LogClass, log.Message) : log, path);
        }
    }
}

/// <summary>Replaces Akka.NET's own console output: a node writes only its log.</summary>
public sealed class NoConsole : MinimalLogger
{
    protected override void Log(object message)
    {
        // Messages that are not in the log come from the start, where an exception reports them, or from the end.
    }
}
