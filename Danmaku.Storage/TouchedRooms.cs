using Danmaku.Core.Rooms;

namespace Danmaku.Storage;

/// <summary>Rooms that were written or opened since a trim last looked at them. Only they can have more danmaku than the store keeps.</summary>
/// <remarks>Thread-safe. Beyond <see cref="MaxRooms"/> a room waits until it is written again.</remarks>
internal sealed class TouchedRooms
{
    public const int MaxRooms = 100_000;

    private readonly Lock _lock = new();
    private readonly HashSet<RoomId> _rooms = [];
    private readonly HashSet<RoomId> _later = [];

    public void Add(params IEnumerable<RoomId> rooms)
    {
        lock (_lock)
        {
            foreach (var room in rooms.Where(_ => _rooms.Count < MaxRooms))
            {
                _rooms.Add(room);
            }
        }
    }

    /// <summary>Leaves a room whose surplus is still too young to the next round.</summary>
    public void PutOff(RoomId room)
    {
        lock (_lock)
        {
            if (_later.Count < MaxRooms)
            {
                _later.Add(room);
            }
        }
    }

    /// <summary>Ends a round when no room is left in it. Rooms that were put off come back in the next round.</summary>
    public bool TryEndRound()
    {
        lock (_lock)
        {
            if (_rooms.Count > 0)
            {
                return false;
            }

            _rooms.UnionWith(_later);
            _later.Clear();
            return true;
        }
    }

    /// <summary>Takes some rooms out. The caller adds again what it did not look at.</summary>
    public List<RoomId> Take(int max)
    {
        lock (_lock)
        {
            var taken = _rooms.Take(max).ToList();
            _rooms.ExceptWith(taken);
            return taken;
        }
    }
}
