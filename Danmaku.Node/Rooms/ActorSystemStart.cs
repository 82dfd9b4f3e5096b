using Akka.Actor;
using Danmaku.Actors;
using Danmaku.Node.Options;

namespace Danmaku.Node.Rooms;

/// <summary>Creates the actor system. Akka.Hosting would write a failure to the console with a stack trace.</summary>
internal sealed class ActorSystemStart(IServiceProvider services, ActorSettings settings) : IHostedService
{
    /// <exception cref="SettingsException">It cannot listen for other nodes.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            services.GetRequiredService<ActorSystem>();
            return Task.CompletedTask;
        }
        catch (Exception error) when (PortTrouble.Of(error) is { } trouble)
        {
            throw new SettingsException(
                $"{ClusterOptions.Section}:{nameof(ClusterOptions.Port)}: {trouble.Describe($"{settings.Address}:{settings.Port}")}", error);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
