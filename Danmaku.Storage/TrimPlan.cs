using Danmaku.Core.Rooms;

namespace Danmaku.Storage;

/// <summary>What one call of trimming deletes: in each room everything up to a position.</summary>
internal sealed class TrimPlan
{
    /// <summary>Most danmaku that one call deletes, so that writers do not wait long.</summary>
    public const int MaxComments = 2000;

    /// <summary>Most rooms that one call looks at.</summary>
    public const int MaxRooms = 500;

    private readonly Dictionary<RoomId, Position> _through = [];

    public IReadOnlyDictionary<RoomId, Position> Through => _through;

    /// <summary>How many more danmaku the call may delete.</summary>
    public int Rest { get; private set; } = MaxComments;

    /// <summary>Up to which position the plan deletes a room's danmaku so far.</summary>
    public Position Of(RoomId room) => _through.GetValueOrDefault(room);

    /// <summary>Adds a danmaku, and all before it.</summary>
    public void Add(RoomId room, Position position)
    {
        Rest--;
        if (position > Of(room))
        {
            _through[room] = position;
        }
    }
}
