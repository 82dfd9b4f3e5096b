using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;

namespace Danmaku.Core.Tests.Storage;

/// <summary>What one origin asks of its store at a time: never more than it has connections for, and nobody is kept waiting by those of another kind.</summary>
public class SharedRoomStoreTests
{
    private static readonly RoomId Room = RoomId.Parse("lobby");

    private const int Many = 20;

    private static readonly Func<SharedRoomStore, CancellationToken, Task>[] Kinds =
    [
        (store, hangUp) => store.OpenAsync(Room, new OpenRequest(0, 1, 0, 0, 0), hangUp),
        (store, hangUp) => store.AppendAsync([], hangUp),
        (store, hangUp) => store.ReadAsync(Room, default, 1, 1, hangUp),
        (store, hangUp) => store.History.ReadAsync(Room, default, 1, 1, hangUp),
        (store, hangUp) => store.ReviseAsync(Room, default, default, hangUp),
        (store, hangUp) => store.ReadClockAsync(hangUp),
        (store, hangUp) => store.TrimAsync(new Retention(1, TimeSpan.FromDays(1)), 1, hangUp),
    ];

    [Fact]
    public async Task Concurrent_calls_never_exceed_the_number_of_connections()
    {
        var held = new HeldStore();
        var store = new SharedRoomStore(held);
        Task[] calls = [.. Enumerable.Range(0, Many).SelectMany(_ => Kinds).Select(ask => ask(store, default))];

        Assert.Equal(SharedRoomStore.MaxCalls, held.Running);
        held.Release();
        await Task.WhenAll(calls).WaitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(calls.Length, held.Calls);
    }

    [Fact]
    public void Too_many_calls_of_one_kind_do_not_take_the_places_of_others()
    {
        foreach (var greedy in Kinds)
        {
            var (held, others) = (new HeldStore(), Kinds.Where(kind => kind != greedy).ToArray());
            var store = new SharedRoomStore(held);
            for (var i = 0; i < Many; i++)
            {
                _ = greedy(store, default);
            }

            var before = held.Running;
            Assert.All(others, ask => _ = ask(store, default));

            Assert.Equal(before + others.Length, held.Running);
        }
    }

    [Fact]
    public async Task A_cancelled_call_keeps_its_place_until_it_ends()
    {
        foreach (var ask in Kinds.Append((store, hangUp) => store.History.ExtentAsync(Room, hangUp)))
        {
            var held = new HeldStore();
            var store = new SharedRoomStore(held);
            using var hangUp = new CancellationTokenSource();
            Task[] asked = [.. Enumerable.Range(0, 10).Select(_ => ask(store, hangUp.Token))];
            var running = held.Running;

            await hangUp.CancelAsync();
            foreach (var one in asked)
            {
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one.WaitAsync(TimeSpan.FromSeconds(10)));
            }

            var next = ask(store, default);
            Assert.Equal(running, held.Running);
            held.Release();
            await next.WaitAsync(TimeSpan.FromSeconds(10));
        }
    }

    /// <summary>Answers nothing until it is released.</summary>
    private sealed class HeldStore : IRoomStore
    {
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _calls;
        private int _running;

        public StoreIdentity Identity => new("held", new string('1', 32), IsShared: true);

        public int Lanes => SharedRoomStore.MaxLanes;

        public int Calls => Volatile.Read(ref _calls);

        public int Running => Volatile.Read(ref _running);

        public void Release() => _held.SetResult();

        public Task<RoomOpening> OpenAsync(RoomId room, OpenRequest request, CancellationToken cancellation) => HoldAsync(RoomOpening.First(1));

        public Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<RoomAppend> appends, CancellationToken cancellation) => HoldAsync<IReadOnlyList<bool>>([]);

        public Task<IReadOnlyList<Batch>?> ReadAsync(RoomId room, Position after, int maxComments, int maxBytes, CancellationToken cancellation) =>
            HoldAsync<IReadOnlyList<Batch>?>(null);

        public Task<RoomExtent?> ExtentAsync(RoomId room, CancellationToken cancellation) => HoldAsync<RoomExtent?>(null);

        public Task<long?> ReviseAsync(RoomId room, Position from, Position through, CancellationToken cancellation) => HoldAsync<long?>(null);

        public Task<ReadOnlyMemory<byte>> SecretAsync(string name, CancellationToken cancellation) => HoldAsync(ReadOnlyMemory<byte>.Empty);

        public Task<StoreClock> ReadClockAsync(CancellationToken cancellation) => HoldAsync(new StoreClock(null, null));

        public Task<bool> TrimAsync(Retention retention, long now, CancellationToken cancellation) => HoldAsync(false);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private async Task<T> HoldAsync<T>(T answer)
        {
            Interlocked.Increment(ref _calls);
            Interlocked.Increment(ref _running);
            await _held.Task;
            Interlocked.Decrement(ref _running);
            return answer;
        }
    }
}
