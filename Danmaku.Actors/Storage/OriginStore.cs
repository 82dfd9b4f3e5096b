using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;

namespace Danmaku.Actors.Storage;

/// <summary>The store as all rooms of one origin share it: appends by lanes, everything else a few at a time. Thread-safe.</summary>
/// <param name="lanes"><see cref="StoreLane"/>; a room always uses the same one, so that its appends stay in order.</param>
[SuppressMessage("Design", "CA1001", Justification = "Lives as long as the node; the semaphores have no handles of the system.")]
public sealed class OriginStore(IRoomStore store, IReadOnlyList<IActorRef> lanes, StoreHealth health, TimeProvider time)
{
    /// <summary>How many rooms open at a time; others wait.</summary>
    private const int MaxOpening = 12;

    /// <summary>How many pages are read at a time, so that those who come back do not keep rooms from opening.</summary>
    private const int MaxReading = 4;

    /// <summary>Most danmaku read at once: more than any page holds.</summary>
    private const int MaxRead = 2048;

    private readonly SemaphoreSlim _opening = new(MaxOpening);
    private readonly SemaphoreSlim _reading = new(MaxReading);

    public StoreHealth Health => health;

    /// <summary>The lane of a room. Answers a <see cref="RoomAppend"/> with <see cref="StoreLane.Kept"/> or <see cref="StoreLane.Fenced"/>.</summary>
    public IActorRef LaneOf(RoomId room) => lanes[(int)((uint)room.Value.GetHashCode(StringComparison.Ordinal) % lanes.Count)];

    public Task<RoomOpening> OpenAsync(RoomId room, long knownEpoch, RoomLimits limits)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var since = now - (long)limits.PostIdWindow.TotalMilliseconds;
        var request = new OpenRequest(knownEpoch, now, limits.HistoryComments, since, limits.MaxPostIds);
        return CallAsync(_opening, () => store.OpenAsync(room, request, CancellationToken.None));
    }

    /// <summary>The page that follows a position; null when something after it has been forgotten.</summary>
    public Task<IReadOnlyList<Batch>?> ReadAsync(RoomId room, Position after, int maxBytes) =>
        CallAsync(_reading, () => store.ReadAsync(room, after, MaxRead, maxBytes, CancellationToken.None));

    private async Task<T> CallAsync<T>(SemaphoreSlim places, Func<Task<T>> call)
    {
        await places.WaitAsync().ConfigureAwait(false);
        try
        {
            var result = await call().ConfigureAwait(false);
            health.Answered();
            return result;
        }
        catch (Exception error)
        {
            health.Failed(error);
            throw;
        }
        finally
        {
            places.Release();
        }
    }
}
