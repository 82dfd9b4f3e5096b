using Danmaku.Core.Rooms;

namespace Danmaku.Storage;

/// <summary>What one call of trimming takes away: of each room all that is not after a position.</summary>
internal sealed class TrimPlan
{
    /// <summary>Most danmaku that one call takes away, so that writers do not wait long.</summary>
    public const int MaxComments = 2000;

    /// <summary>Most rooms that one call looks at.</summary>
    public const int MaxRooms = 500;

    private readonly Dictionary<RoomId, Position> _through = [];

    public IReadOnlyDictionary<RoomId, Position> Through => _through;

    /// <summary>How many more may be taken away.</summary>
    public int Rest { get; private set; } = MaxComments;

    /// <summary>Up to where a room's danmaku go already.</summary>
    public Position Of(RoomId room) => _through.GetValueOrDefault(room);

    /// <summary>Takes one away, and with it all before it.</summary>
    public void Add(RoomId room, Position position)
    {
        Rest--;
        if (position > Of(room))
        {
            _through[room] = position;
        }
    }
}
