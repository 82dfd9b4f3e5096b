using Danmaku.Node.Observability;
using Danmaku.Node.Options;

namespace Danmaku.Node.Sockets;

/// <summary>Sweeps over the open WebSockets once a second, and closes them before the server stops, which would wait for them.</summary>
internal sealed class SocketService(SocketRegistry registry, NodeSettings settings, TimeProvider time, ILogger<SocketService> logger)
    : BackgroundService, IHostedLifecycleService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Drains. The server still listens: newcomers hear that this edge is not ready.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        logger.DrainStarted(registry.Count);
        try
        {
            await registry.DrainAsync().WaitAsync(TimeSpan.FromSeconds(settings.Node.DrainSeconds), time, cancellationToken);
        }
        catch (TimeoutException)
        {
            logger.DrainIncomplete(registry.Count);
        }
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                foreach (var socket in registry.Sockets)
                {
                    socket.Sweep(Period);
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
