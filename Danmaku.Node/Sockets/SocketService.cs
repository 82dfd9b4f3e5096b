using Danmaku.Node.Observability;

namespace Danmaku.Node.Sockets;

/// <summary>Sweeps over the open WebSockets once a second, and drains them before the server stops, which would wait for them.</summary>
internal sealed class SocketService(SocketRegistry registry, Drain drain, TimeProvider time, ILogger<SocketService> logger)
    : BackgroundService, IHostedLifecycleService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs first when the node is told to stop; everything else waits for it, including the cluster.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken) => drain.RunAsync(cancellationToken);

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                foreach (var (socket, conversation) in registry.Sockets)
                {
                    socket.Sweep(Period);
                    conversation.Tick();
                }
            }
            catch (Exception error)
            {
                // Without it nobody would get a heartbeat any more.
                logger.SweepFailed(error);
            }
        }
    }
}
