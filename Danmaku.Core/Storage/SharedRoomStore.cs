using System.Diagnostics.CodeAnalysis;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Storage;

/// <summary>
/// The store as all parts of one origin share it, and the one budget of its connections. Each kind of call has places of its own and
/// waits for one of them, so that no kind takes what another needs. All together never run more than <see cref="MaxCalls"/> calls at a
/// time: a store needs as many connections.
/// </summary>
/// <remarks>
/// Thread-safe. A caller that gives up is let go at once, and its call keeps its place until it ends: to ask and give up makes no room for
/// another call.
/// </remarks>
public sealed class SharedRoomStore(IRoomStore store) : IRoomStore
{
    /// <summary>Most lanes of a store, and most commits at a time.</summary>
    public const int MaxLanes = 4;

    /// <summary>Most calls at a time.</summary>
    public const int MaxCalls = MaxLanes + MaxOpening + MaxReading + MaxHistory + Others;

    private const int MaxOpening = 5;

    /// <summary>Pages for viewers that come back.</summary>
    private const int MaxReading = 2;

    /// <summary>Pages for history over HTTP.</summary>
    private const int MaxHistory = 2;

    /// <summary>One for trimming, one for the clock, one for new revisions and secrets.</summary>
    private const int Others = 3;

    private readonly SemaphoreSlim _appending = new(MaxLanes);
    private readonly SemaphoreSlim _opening = new(MaxOpening);
    private readonly SemaphoreSlim _revising = new(1);
    private readonly SemaphoreSlim _clock = new(1);
    private readonly SemaphoreSlim _trimming = new(1);
    private readonly Reader _pages = new(store, MaxReading);

    public StoreIdentity Identity => store.Identity;

    public int Lanes => Math.Min(store.Lanes, MaxLanes);

    /// <summary>The store for those who read history over HTTP.</summary>
    public IRoomReader History { get; } = new Reader(store, MaxHistory);

    public Task<RoomOpening> OpenAsync(RoomId room, OpenRequest request, CancellationToken cancellation) =>
        InPlaceAsync(_opening, () => store.OpenAsync(room, request, CancellationToken.None), cancellation);

    public Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<RoomAppend> appends, CancellationToken cancellation) =>
        InPlaceAsync(_appending, () => store.AppendAsync(appends, CancellationToken.None), cancellation);

    public Task<IReadOnlyList<Batch>?> ReadAsync(RoomId room, Position after, int maxComments, int maxBytes, CancellationToken cancellation) =>
        _pages.ReadAsync(room, after, maxComments, maxBytes, cancellation);

    public Task<RoomExtent?> ExtentAsync(RoomId room, CancellationToken cancellation) => _pages.ExtentAsync(room, cancellation);

    public Task<long?> ReviseAsync(RoomId room, Position from, Position through, CancellationToken cancellation) =>
        InPlaceAsync(_revising, () => store.ReviseAsync(room, from, through, CancellationToken.None), cancellation);

    public Task<ReadOnlyMemory<byte>> SecretAsync(string name, CancellationToken cancellation) =>
        InPlaceAsync(_revising, () => store.SecretAsync(name, CancellationToken.None), cancellation);

    public Task<StoreClock> ReadClockAsync(CancellationToken cancellation) =>
        InPlaceAsync(_clock, () => store.ReadClockAsync(CancellationToken.None), cancellation);

    public Task<bool> TrimAsync(Retention retention, long now, CancellationToken cancellation) =>
        InPlaceAsync(_trimming, () => store.TrimAsync(retention, now, CancellationToken.None), cancellation);

    /// <summary>Ends the store itself.</summary>
    public ValueTask DisposeAsync() => store.DisposeAsync();

    private static async Task<T> InPlaceAsync<T>(SemaphoreSlim places, Func<Task<T>> call, CancellationToken cancellation)
    {
        await places.WaitAsync(cancellation).ConfigureAwait(false);
        return await ThenReleaseAsync().WaitAsync(cancellation).ConfigureAwait(false);

        async Task<T> ThenReleaseAsync()
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
    }

    /// <summary>Reads in places of its own.</summary>
    [SuppressMessage("Design", "CA1001", Justification = "Lives as long as its store; a semaphore has no handle of the system.")]
    private sealed class Reader(IRoomStore store, int places) : IRoomReader
    {
        private readonly SemaphoreSlim _places = new(places);

        public Task<IReadOnlyList<Batch>?> ReadAsync(RoomId room, Position after, int maxComments, int maxBytes, CancellationToken cancellation) =>
            InPlaceAsync(_places, () => store.ReadAsync(room, after, maxComments, maxBytes, CancellationToken.None), cancellation);

        public Task<RoomExtent?> ExtentAsync(RoomId room, CancellationToken cancellation) =>
            InPlaceAsync(_places, () => store.ExtentAsync(room, CancellationToken.None), cancellation);
    }
}
