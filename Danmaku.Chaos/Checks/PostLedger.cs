using Danmaku.Core.Rooms;

namespace Danmaku.Chaos.Checks;

/// <summary>Every post of a run and what was said about it. Thread-safe.</summary>
/// <param name="onAck">Called for each acknowledgement, from whichever thread it came on.</param>
public sealed class PostLedger(Action<RoomId>? onAck = null)
{
    private readonly Lock _lock = new();
    private readonly List<PostRecord> _posts = [];
    private readonly Dictionary<RoomId, Position> _tops = [];

    public int Open(RoomId room)
    {
        lock (_lock)
        {
            _posts.Add(new PostRecord(_posts.Count, room));
            return _posts.Count - 1;
        }
    }

    public void Sent(int number) => Change(number, post => post.Sent++);

    public void Acked(int number, Position position, bool isDurable)
    {
        lock (_lock)
        {
            _posts[number].Acked(position, isDurable);
            Raise(_posts[number].Room, position);
        }

        onAck?.Invoke(_posts[number].Room);
    }

    /// <summary>One sending of it was refused; it may be sent again.</summary>
    public void Refused(int number) => Change(number, post => post.Refused++);

    public void GivenUp(int number, string reason) => Change(number, post => post.GivenUp = reason);

    /// <summary>Somebody got a danmaku at this position.</summary>
    public void Seen(RoomId room, Position position)
    {
        lock (_lock)
        {
            Raise(room, position);
        }
    }

    /// <summary>The furthest position of a room that anybody has seen or an acknowledgement has named.</summary>
    public Position Top(RoomId room)
    {
        lock (_lock)
        {
            return _tops.GetValueOrDefault(room);
        }
    }

    public (int Sent, int Acked, int Unsettled) Count()
    {
        lock (_lock)
        {
            return (_posts.Count(post => post.Sent > 0), _posts.Count(post => post.IsAcked), _posts.Count(post => post.Sent > 0 && !post.IsSettled));
        }
    }

    /// <summary>To be read when nothing changes any more.</summary>
    public IReadOnlyCollection<PostRecord> Posts => _posts;

    private void Change(int number, Action<PostRecord> change)
    {
        lock (_lock)
        {
            change(_posts[number]);
        }
    }

    private void Raise(RoomId room, Position position)
    {
        if (position > _tops.GetValueOrDefault(room))
        {
            _tops[room] = position;
        }
    }
}
