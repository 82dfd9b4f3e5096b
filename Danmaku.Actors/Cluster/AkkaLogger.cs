using Akka.Actor;
using Akka.Event;
using Akka.Hosting.Logging;
using Danmaku.Actors.Tls;

namespace Danmaku.Actors.Cluster;

/// <summary>
/// Passes Akka.NET's log on to the host's. That a peer has gone is a warning there, not an error: nodes come and go. What
/// <see cref="TlsLogger"/> says of a connection is not said again.
/// </summary>
public sealed class AkkaLogger : LoggerFactoryLogger
{
    /// <summary>A type of Akka.Remote's own.</summary>
    private const string PeerGone = "EndpointDisassociatedException";

    protected override void Log(LogEvent log, ActorPath path)
    {
        if (log is not Warning || !log.Message.ToString()!.Contains(TlsTransport.Failed, StringComparison.Ordinal))
        {
            base.Log(log is Error && log.Cause?.GetType().Name == PeerGone ? new Warning(null, log.LogSource, log.LogClass, log.Message) : log, path);
        }
    }
}

/// <summary>Takes the place of Akka.NET's own console output: a node writes its log, and nothing beside it.</summary>
public sealed class NoConsole : MinimalLogger
{
    protected override void Log(object message)
    {
        // What is not in the log comes from the start, where an exception says it, or from the end.
    }
}
