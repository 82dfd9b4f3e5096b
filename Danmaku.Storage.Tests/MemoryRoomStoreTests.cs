using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using FsCheck;
using FsCheck.Xunit;
using static Danmaku.Storage.Tests.Some;

namespace Danmaku.Storage.Tests;

public sealed class MemoryRoomStoreTests : RoomStoreContract
{
    protected override bool KeepsNewest => false;

    protected override Task<IRoomStore> OpenStoreAsync() => Task.FromResult<IRoomStore>(new MemoryRoomStore(new Random(1)));

    [Property(MaxTest = 300)]
    public Task It_agrees_with_the_model(DoNotSize<int> seed) =>
        new StoreScript(new MemoryRoomStore(new Random(1)), new Random(seed.Item)).RunAsync(150);

    [Fact]
    public async Task Its_id_comes_from_the_source_of_chance()
    {
        await using var one = new MemoryRoomStore(new Random(1));
        await using var same = new MemoryRoomStore(new Random(1));
        await using var other = new MemoryRoomStore(new Random(2));

        Assert.Equal(one.Identity, same.Identity);
        Assert.NotEqual(one.Identity, other.Identity);
        Assert.Equal(("memory", false), (one.Identity.Kind, one.Identity.IsShared));
    }

    [Fact]
    public async Task Beyond_its_bytes_the_least_recently_written_room_loses_its_oldest_danmaku()
    {
        var entry = Comment(1, 1).Bytes + 64;
        await using var store = new MemoryRoomStore(new Random(1), maxBytes: 5 * entry);
        var (first, second) = (RoomId.Parse("first"), RoomId.Parse("second"));
        await store.OpenAsync(first, Request(now: 1));
        await store.OpenAsync(second, Request(now: 1));
        await store.AppendAsync(Append(first, 1, 1, 3));
        await store.AppendAsync(Append(second, 1, 1, 4));

        Assert.Null(await store.ReadAsync(first, new Position(1, 1)));
        Assert.Equal(["1:3"], (await store.ReadAsync(first, new Position(1, 2)))!.Texts());
        await store.AppendAsync(Append(second, 1, 5, 9));

        Assert.Empty((await store.ReadAsync(first, new Position(1, 3)))!);
        Assert.Equal(["1:5", "1:6", "1:7", "1:8", "1:9"], (await store.ReadAsync(second, new Position(1, 4)))!.Texts());
        Assert.Null(await store.ReadAsync(second, new Position(1, 3)));
    }

    [Fact]
    public async Task Beyond_its_rooms_the_least_recently_used_one_is_forgotten()
    {
        await using var store = new MemoryRoomStore(new Random(1), maxRooms: 2);
        RoomId[] rooms = [RoomId.Parse("a"), RoomId.Parse("b"), RoomId.Parse("c")];
        await store.OpenAsync(rooms[0], Request(now: 1));
        await store.OpenAsync(rooms[1], Request(now: 1));
        await store.AppendAsync(Append(rooms[0], 1, 1, 1));

        await store.OpenAsync(rooms[2], Request(now: 1));

        Assert.True(await store.AppendAsync(Append(rooms[0], 1, 2, 2)));
        Assert.False(await store.AppendAsync(Append(rooms[1], 1, 1, 1)));
        Assert.True(await store.AppendAsync(Append(rooms[2], 1, 1, 1)));
    }
}
