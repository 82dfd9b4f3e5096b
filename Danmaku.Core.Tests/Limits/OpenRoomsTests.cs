using System.Net;
using Danmaku.Core.Limits;
using Danmaku.Core.Rooms;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Limits;

public sealed class OpenRoomsTests
{
    private const int PerClient = 5;
    private const int Burst = 8;

    private static readonly TimeSpan KeepFor = TimeSpan.FromMinutes(10);
    private static readonly ClientNetwork One = Client(1);
    private static readonly ClientNetwork Other = Client(2);

    private readonly ManualTimeProvider _time = new();
    private readonly OpenRooms _rooms;

    public OpenRoomsTests() => _rooms = new OpenRooms(PerClient, 1, Burst, KeepFor, _time);

    [Fact]
    public void A_client_keeps_so_many_rooms_open_and_others_still_open_theirs()
    {
        var opened = Enumerable.Range(0, 9999).Count(i => _rooms.Enter(Room(i), One) is null);

        Assert.Equal(PerClient, opened);
        Assert.Null(_rooms.Enter(Room(9999), Other));
    }

    [Fact]
    public void Visiting_a_room_counts_as_long_as_it_stays_open()
    {
        var visited = Enumerable.Range(0, 100).Count(i => _rooms.Visit(Room(i), One) is null);
        _time.Advance(KeepFor - TimeSpan.FromSeconds(1));
        var full = _rooms.Visit(Room(100), One);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(PerClient, visited);
        Assert.NotNull(full);
        Assert.Null(_rooms.Visit(Room(101), One));
    }

    [Fact]
    public void A_room_that_is_left_and_entered_again_counts_once()
    {
        for (var i = 0; i < 100; i++)
        {
            Assert.Null(_rooms.Enter(Room(1), One));
            _rooms.Leave(Room(1));
        }

        Assert.Equal(PerClient - 1, Enumerable.Range(2, 100).Count(i => _rooms.Enter(Room(i), One) is null));
    }

    [Fact]
    public void A_room_with_somebody_in_it_stays()
    {
        _rooms.Enter(Room(1), One);
        _rooms.Enter(Room(1), One);
        _rooms.Leave(Room(1));
        _time.Advance(2 * KeepFor);

        Assert.Equal(PerClient - 1, Enumerable.Range(2, 100).Count(i => _rooms.Enter(Room(i), One) is null));
    }

    [Fact]
    public void Rooms_are_opened_so_fast_and_no_faster()
    {
        var rooms = new OpenRooms(int.MaxValue, 1, Burst, KeepFor, _time);

        Assert.Equal(Burst, Enumerable.Range(0, 100).Count(i => rooms.Visit(Room(i), One) is null));
        Assert.Equal(TimeSpan.FromSeconds(1), rooms.Visit(Room(100), One));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(rooms.Visit(Room(100), One));
    }

    [Fact]
    public void A_room_that_is_open_costs_nothing_to_enter_and_one_that_two_use_counts_for_neither()
    {
        for (var i = 0; i < PerClient; i++)
        {
            _rooms.Enter(Room(i), One);
        }

        Assert.NotNull(_rooms.Enter(Room(50), One));
        Assert.Null(_rooms.Enter(Room(0), Other));

        Assert.Null(_rooms.Enter(Room(50), One));
        Assert.Equal(PerClient, Enumerable.Range(60, 100).Count(i => _rooms.Enter(Room(i), Other) is null));
    }

    [Fact]
    public void The_number_of_remembered_empty_rooms_is_bounded()
    {
        var bounded = new OpenRooms(1, 1e9, 1e9, KeepFor, _time);
        for (var i = 0; i <= OpenRooms.MaxEmpty; i++)
        {
            Assert.Null(bounded.Visit(Room(i), Client(i)));
        }

        // The first one is forgotten, and its client may open another; the last one is not.
        Assert.Null(bounded.Visit(Room(50_000), Client(0)));
        Assert.NotNull(bounded.Visit(Room(50_001), Client(OpenRooms.MaxEmpty)));
    }

    private static RoomId Room(int number) => RoomId.Parse($"room-{number}");

    private static ClientNetwork Client(int number) => ClientNetwork.Of(new IPAddress((uint)number), 64);
}
