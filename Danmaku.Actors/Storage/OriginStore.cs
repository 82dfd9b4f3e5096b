using Akka.Actor;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;

namespace Danmaku.Actors.Storage;

/// <summary>The store for the rooms of one origin: appends go through lanes, all other calls directly to the store. Thread-safe.</summary>
/// <param name="lanes"><see cref="GroupCommitWriter"/>; a room always uses the same one, so that its appends stay in order.</param>
public sealed class OriginStore(IRoomStore store, IReadOnlyList<IActorRef> lanes, StoreHealth health, TimeProvider time)
{
    /// <summary>Most danmaku read at once: more than any page holds.</summary>
    private const int MaxRead = 2048;

    public StoreHealth Health => health;

    /// <summary>
    /// The lane of a room. Answers a <see cref="RoomAppend"/> with <see cref="GroupCommitWriter.Committed"/> or
    /// <see cref="GroupCommitWriter.Fenced"/>.
    /// </summary>
    public IActorRef LaneOf(RoomId room) => lanes[(int)((uint)room.Value.GetHashCode(StringComparison.Ordinal) % lanes.Count)];

    public Task<RoomOpening> OpenAsync(RoomId room, long knownEpoch, RoomLimits limits)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var since = now - (long)limits.PostIdWindow.TotalMilliseconds;
        var request = new OpenRequest(knownEpoch, now, limits.HistoryComments, since, limits.MaxPostIds);
        return HealthAsync(store.OpenAsync(room, request, CancellationToken.None));
    }

    /// <summary>Reads the page after a position; null when the store no longer has all of it.</summary>
    public Task<IReadOnlyList<Batch>?> ReadAsync(RoomId room, Position after, int maxBytes) =>
        HealthAsync(store.ReadAsync(room, after, MaxRead, maxBytes, CancellationToken.None));

    private async Task<T> HealthAsync<T>(Task<T> call)
    {
        try
        {
            var result = await call.ConfigureAwait(false);
            health.Answered();
            return result;
        }
        catch (Exception error)
        {
            health.Failed(error);
            throw;
        }
    }
}
