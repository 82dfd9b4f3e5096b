using Danmaku.Actors.Cluster;
using Danmaku.Core.Observability;
using Danmaku.Node.Observability;
using Danmaku.Node.Options;

namespace Danmaku.Node.Disks;

/// <summary>
/// Watches the disk of the data directory: reports a metric on every node and, where rooms are kept there, a warning before it is full. The disk is nearly full
/// when less than <see cref="Percent"/> percent is free, or less than <see cref="Most"/> of a large disk. The warning ends when half as much again is free.
/// Files that the cache can delete count as free.
/// </summary>
internal sealed class DiskWatch(NodeSettings settings, DanmakuMetrics metrics, TimeProvider time, ILogger<DiskWatch> logger) : IHostedService, IDisposable
{
    private const int Percent = 5;
    private const long Most = 5L * 1024 * 1024 * 1024;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly Disk _disk = new(settings.Node.DataDirectory);
    private readonly bool _hasStore = settings.Node.RoleList.Contains(ClusterRoles.Origin) && settings.Store.Kind == StoreKind.Sqlite;
    private readonly Lock _gate = new();
    private ITimer? _timer;
    private volatile string? _warning;

    /// <summary>The warning for operators; null when there is enough space, or no rooms are kept there.</summary>
    public string? Warning => _warning;

    /// <summary>Bytes of this disk that the cache could free. Must be set before the start.</summary>
    public Func<long> Reclaimable { get; set; } = () => 0;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        metrics.ObserveDisk(() => TryLook() is { } space ? (space.Free, space.Size) : null);
        if (_hasStore)
        {
            _timer = time.CreateTimer(_ => Look(), null, TimeSpan.Zero, LookEvery);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => _timer?.DisposeAsync().AsTask() ?? Task.CompletedTask;

    public void Dispose() => _timer?.Dispose();

    private void Look()
    {
        if (TryLook() is not { } space)
        {
            return;
        }

        // On a slow disk the next check may begin before this one has ended.
        lock (_gate)
        {
            var (room, least) = (space.Free + Reclaimable(), space.Share(Percent, Most));
            if (room < least || (_warning is not null && room < least * 3 / 2))
            {
                if (_warning is null)
                {
                    logger.DiskNearlyFull(InMiB(space.Free), InMiB(space.Size));
                }

                _warning = FormattableString.Invariant(
                    $"the disk of the data directory is nearly full: {InMiB(space.Free)} of {InMiB(space.Size)} MiB are free");
            }
            else if (_warning is not null)
            {
                _warning = null;
                logger.DiskHasRoom(InMiB(space.Free), InMiB(space.Size));
            }
        }
    }

    /// <summary>Null when the system does not report it.</summary>
    private DiskSpace? TryLook()
    {
        try
        {
            return _disk.Space;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static double InMiB(long bytes) => Math.Round(bytes / 1048576.0, 1);
}
