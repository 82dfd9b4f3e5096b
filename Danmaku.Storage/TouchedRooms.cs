using Danmaku.Core.Rooms;

namespace Danmaku.Storage;

/// <summary>Rooms that were written or opened since they were last looked at: only they can have more than is to be kept.</summary>
/// <remarks>Thread-safe. Beyond <see cref="MaxRooms"/> a room has to wait until it is written again.</remarks>
internal sealed class TouchedRooms
{
    public const int MaxRooms = 100_000;

    private readonly Lock _lock = new();
    private readonly HashSet<RoomId> _rooms = [];

    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _rooms.Count == 0;
            }
        }
    }

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

    /// <summary>Takes some of them out; what could not be looked at is added again.</summary>
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
