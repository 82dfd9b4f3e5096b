using System.Diagnostics.CodeAnalysis;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Storage;

/// <summary>
/// A store as all of one origin share it. Calls of each kind have places of their own and wait for them, so that none takes what another needs, and all together are
/// no more at a time than <see cref="MaxCalls"/>: so many connections a store has to have.
/// </summary>
/// <remarks>Thread-safe. Appends wait in their lanes; each lane has one append under way.</remarks>
public sealed class SharedRoomStore(IRoomStore store) : IRoomStore
{
    /// <summary>Most lanes of a store.</summary>
    public const int MaxLanes = 4;

    /// <summary>Most calls at a time.</summary>
    public const int MaxCalls = MaxLanes + MaxOpening + MaxReading + MaxHistory + Others;

    private const int MaxOpening = 5;

    /// <summary>Pages for viewers that come back.</summary>
    private const int MaxReading = 2;

    private const int MaxHistory = 2;

    /// <summary>One for forgetting what is old, one for the clock, one for new revisions and secrets.</summary>
    private const int Others = 3;

    private readonly SemaphoreSlim _opening = new(MaxOpening);
    private readonly SemaphoreSlim _reading = new(MaxReading);
    private readonly SemaphoreSlim _revising = new(1);
    private readonly SemaphoreSlim _clock = new(1);
    private readonly SemaphoreSlim _trimming = new(1);

    public StoreIdentity Identity => store.Identity;

    public int Lanes => Math.Min(store.Lanes, MaxLanes);

    /// <summary>The store for those who read history over HTTP.</summary>
    public IRoomReader History { get; } = new HistoryReader(store);

    public Task<RoomOpening> OpenAsync(RoomId room, OpenRequest request, CancellationToken cancellation) =>
        InPlaceAsync(_opening, () => store.OpenAsync(room, request, cancellation), cancellation);

    public Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<RoomAppend> appends, CancellationToken cancellation) =>
        store.AppendAsync(appends, cancellation);

    public Task<IReadOnlyList<Batch>?> ReadAsync(RoomId room, Position after, int maxComments, int maxBytes, CancellationToken cancellation) =>
        InPlaceAsync(_reading, () => store.ReadAsync(room, after, maxComments, maxBytes, cancellation), cancellation);

    public Task<RoomExtent?> ExtentAsync(RoomId room, CancellationToken cancellation) =>
        InPlaceAsync(_reading, () => store.ExtentAsync(room, cancellation), cancellation);

    public Task<long?> ReviseAsync(RoomId room, Position from, Position through, CancellationToken cancellation) =>
        InPlaceAsync(_revising, () => store.ReviseAsync(room, from, through, cancellation), cancellation);

    public Task<ReadOnlyMemory<byte>> SecretAsync(string name, CancellationToken cancellation) =>
        InPlaceAsync(_revising, () => store.SecretAsync(name, cancellation), cancellation);

    public Task<StoreClock> ReadClockAsync(CancellationToken cancellation) =>
        InPlaceAsync(_clock, () => store.ReadClockAsync(cancellation), cancellation);

    public Task<bool> TrimAsync(Retention retention, long now, CancellationToken cancellation) =>
        InPlaceAsync(_trimming, () => store.TrimAsync(retention, now, cancellation), cancellation);

    /// <summary>Ends the store itself.</summary>
    public ValueTask DisposeAsync() => store.DisposeAsync();

    private static async Task<T> InPlaceAsync<T>(SemaphoreSlim places, Func<Task<T>> call, CancellationToken cancellation)
    {
        await places.WaitAsync(cancellation).ConfigureAwait(false);
        return await ThenReleaseAsync(places, call).ConfigureAwait(false);
    }

    private static async Task<T> ThenReleaseAsync<T>(SemaphoreSlim places, Func<Task<T>> call)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        finally
        {
            places.Release();
        }
    }

    /// <summary>Whoever hangs up leaves its call to end in its place: to ask and hang up is no way to have more than one's places.</summary>
    [SuppressMessage("Design", "CA1001", Justification = "Lives as long as its store; the semaphore has no handle of the system.")]
    private sealed class HistoryReader(IRoomStore store) : IRoomReader
    {
        private readonly SemaphoreSlim _places = new(MaxHistory);

        public Task<IReadOnlyList<Batch>?> ReadAsync(RoomId room, Position after, int maxComments, int maxBytes, CancellationToken cancellation) =>
            RunAsync(() => store.ReadAsync(room, after, maxComments, maxBytes, CancellationToken.None), cancellation);

        public Task<RoomExtent?> ExtentAsync(RoomId room, CancellationToken cancellation) =>
            RunAsync(() => store.ExtentAsync(room, CancellationToken.None), cancellation);

        private async Task<T> RunAsync<T>(Func<Task<T>> call, CancellationToken cancellation)
        {
            await _places.WaitAsync(cancellation).ConfigureAwait(false);
            return await ThenReleaseAsync(_places, call).WaitAsync(cancellation).ConfigureAwait(false);
        }
    }
}
