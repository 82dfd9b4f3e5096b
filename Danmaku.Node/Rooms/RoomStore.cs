using System.Data.Common;
using System.Net.Sockets;
using System.Security.Cryptography;
using Danmaku.Core.Storage;
using Danmaku.Node.Options;
using Danmaku.Storage.Postgres;
using Danmaku.Storage.Sqlite;

namespace Danmaku.Node.Rooms;

/// <summary>Opens the store that the settings name.</summary>
internal static class RoomStore
{
    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(500);

    /// <exception cref="SettingsException">It cannot be used, or cannot be reached within <see cref="StoreOptions.StartTimeout"/>.</exception>
    public static async Task<IRoomStore> OpenAsync(NodeSettings settings)
    {
        try
        {
            return settings.Store.Kind switch
            {
                StoreKind.Memory => new MemoryRoomStore(new Random(RandomNumberGenerator.GetInt32(int.MaxValue))),
                StoreKind.Postgresql => await ReachAsync(settings.Store).ConfigureAwait(false),
                _ => await SqliteRoomStore.OpenAsync(settings.Node.DataDirectory).ConfigureAwait(false),
            };
        }
        catch (StoreRefusedException error)
        {
            var key = settings.Store.Kind == StoreKind.Sqlite
                ? $"{NodeOptions.Section}:{nameof(NodeOptions.DataDirectory)}"
                : $"{StoreOptions.Section}:{nameof(StoreOptions.ConnectionString)}";
            throw new SettingsException($"{key}: {error.Message}", error);
        }
    }

    /// <summary>Waits for the database, which may start later than its nodes, or be restarting.</summary>
    private static async Task<IRoomStore> ReachAsync(StoreOptions options)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await PostgresRoomStore.OpenAsync(options.ConnectionString).ConfigureAwait(false);
            }
            catch (Exception error) when (error is DbException or TimeoutException or IOException or SocketException)
            {
                if (TimeProvider.System.GetElapsedTime(started) >= options.StartTimeout)
                {
                    throw new SettingsException(
                        $"PostgreSQL cannot be used ({StoreOptions.Section}:{nameof(StoreOptions.ConnectionString)}): {error.Message}", error);
                }
            }

            await Task.Delay(RetryEvery).ConfigureAwait(false);
        }
    }
}

/// <summary>Closes the store after all its users have stopped.</summary>
internal sealed class StoreService(IRoomStore store) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => store.DisposeAsync().AsTask();
}
