using Danmaku.Core.Rooms;

namespace Danmaku.Chaos.Checks;

/// <summary>One post, and every answer that it ever got. Not thread-safe.</summary>
public sealed class PostRecord(int number, RoomId room)
{
    private readonly List<(Position Position, bool IsDurable)> _acks = [];

    public int Number => number;

    public RoomId Room => room;

    /// <summary>How often it was sent, always with the same id.</summary>
    public int Sent { get; set; }

    public int Refused { get; set; }

    /// <summary>Why it was given up; null as long as it was not.</summary>
    public string? GivenUp { get; set; }

    public IReadOnlyList<(Position Position, bool IsDurable)> Acks => _acks;

    public bool IsAcked => _acks.Count > 0;

    public bool IsDurable => _acks.Exists(ack => ack.IsDurable);

    public bool IsSettled => IsAcked || GivenUp is not null;

    /// <summary>Every time it was sent it was refused: it must not appear.</summary>
    public bool IsRefused => GivenUp is not null && !IsAcked && Refused >= Sent;

    public void Acked(Position position, bool isDurable)
    {
        if (!_acks.Contains((position, isDurable)))
        {
            _acks.Add((position, isDurable));
        }
    }
}
