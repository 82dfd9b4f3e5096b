using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;

namespace Danmaku.Actors.Tests.Storage;

/// <summary>A store in memory that several origins can share, and that can be away, or slow. Thread-safe.</summary>
public sealed class TestStore : IRoomStore
{
    private readonly MemoryRoomStore _kept = new(new Random(1));
    private volatile TaskCompletionSource? _hold;

    public StoreIdentity Identity { get; init; } = new("test", new string('1', 32), IsShared: true);

    public int Lanes { get; init; } = 2;

    /// <summary>Whether every call fails.</summary>
    public bool IsAway { get; set; }

    public int Appends { get; private set; }

    /// <summary>From now on calls wait, after they have done what they are to do, until <see cref="Release"/>.</summary>
    public void Hold() => _hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release()
    {
        var hold = _hold;
        _hold = null;
        hold?.SetResult();
    }

    public Task<RoomOpening> OpenAsync(RoomId room, OpenRequest request, CancellationToken cancellation) =>
        CallAsync(() => _kept.OpenAsync(room, request, cancellation));

    public Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<RoomAppend> appends, CancellationToken cancellation)
    {
        Appends++;
        return CallAsync(() => _kept.AppendAsync(appends, cancellation));
    }

    public Task<IReadOnlyList<Batch>?> ReadAsync(RoomId room, Position after, int maxComments, int maxBytes, CancellationToken cancellation) =>
        CallAsync(() => _kept.ReadAsync(room, after, maxComments, maxBytes, cancellation));

    public Task<RoomExtent?> ExtentAsync(RoomId room, CancellationToken cancellation) =>
        CallAsync(() => _kept.ExtentAsync(room, cancellation));

    public Task<long?> ReviseAsync(RoomId room, Position from, Position through, CancellationToken cancellation) =>
        CallAsync(() => _kept.ReviseAsync(room, from, through, cancellation));

    public Task<ReadOnlyMemory<byte>> SecretAsync(string name, CancellationToken cancellation) =>
        CallAsync(() => _kept.SecretAsync(name, cancellation));

    /// <summary>What its clock says, Unix milliseconds; null when it has none.</summary>
    public Func<long?> Clock { get; set; } = () => null;

    public Task<StoreClock> ReadClockAsync(CancellationToken cancellation) => CallAsync(() => Task.FromResult(new StoreClock(Clock(), null)));

    public Task<bool> TrimAsync(Retention retention, long now, CancellationToken cancellation) =>
        CallAsync(() => _kept.TrimAsync(retention, now, cancellation));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<T> CallAsync<T>(Func<Task<T>> call)
    {
        if (IsAway)
        {
            throw new IOException("The store is away.");
        }

        var result = await call();
        if (_hold is { } hold)
        {
            await hold.Task;
        }

        return result;
    }
}
