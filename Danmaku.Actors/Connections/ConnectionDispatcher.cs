using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;

namespace Danmaku.Actors.Connections;

/// <summary>
/// Runs connections on the thread pool as the default dispatcher does, except for messages sent with <see cref="TellHere"/>: the sending thread handles those,
/// unless the actor is busy. Handing a post or an answer to another thread costs more than handling it.
/// </summary>
public sealed class ConnectionDispatcher(MessageDispatcherConfigurator configurator) : MessageDispatcher(configurator)
{
    /// <summary>Its key in the configuration.</summary>
    public const string Path = "danmaku.connection-dispatcher";

    [ThreadStatic]
    private static bool _isHere;

    /// <summary>Sends a message and handles it at once, if the actor is idle. For short work only; there is no sender to answer.</summary>
    public static void TellHere(IActorRef connection, object message)
    {
        _isHere = true;
        try
        {
            connection.Tell(message, ActorRefs.NoSender);
        }
        finally
        {
            _isHere = false;
        }
    }

    protected override void ExecuteTask(IRunnable run)
    {
        if (_isHere)
        {
            // Only this one: whom it tells has a thread of its own.
            _isHere = false;
            run.Run();
        }
        else
        {
            ThreadPool.UnsafeQueueUserWorkItem(run, preferLocal: true);
        }
    }

    protected override void Shutdown()
    {
    }

    /// <summary>What the configuration names.</summary>
    public sealed class Setup : MessageDispatcherConfigurator
    {
        private readonly ConnectionDispatcher _dispatcher;

        public Setup(Config config, IDispatcherPrerequisites prerequisites)
            : base(config, prerequisites) => _dispatcher = new ConnectionDispatcher(this);

        public override MessageDispatcher Dispatcher() => _dispatcher;
    }
}
