using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;

namespace Danmaku.Actors.Connections;

/// <summary>
/// Runs connections on the pool's threads as the default dispatcher does, except for what <see cref="TellHere"/> brings: the thread that brings
/// it handles it, unless the actor is busy. To hand a post or an answer to another thread costs more than what the connection does with it.
/// </summary>
public sealed class ConnectionDispatcher(MessageDispatcherConfigurator configurator) : MessageDispatcher(configurator)
{
    /// <summary>Where the configuration names it.</summary>
    public const string Path = "danmaku.connection-dispatcher";

    [ThreadStatic]
    private static bool _isHere;

    /// <summary>For short work that ends before the caller goes on, who may be an actor. Whoever answers answers nobody.</summary>
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
