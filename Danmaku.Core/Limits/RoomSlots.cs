namespace Danmaku.Core.Limits;

/// <summary>
/// Bounds the open rooms of one origin. When it is full, the room that nobody has watched for the longest closes for a new one; a watched room never closes.
/// </summary>
/// <remarks>Thread-safe.</remarks>
public sealed class RoomSlots(int max)
{
    private readonly LinkedList<Slot> _unwatched = new();
    private readonly Lock _gate = new();
    private int _taken;

    /// <summary>A room opens. Nobody watches it yet.</summary>
    /// <param name="lose">Called from any thread when the slot was given to another room: this room must close.</param>
    /// <returns>Null when all rooms are watched.</returns>
    public Slot? TryTake(Action lose)
    {
        var slot = new Slot(this, lose);
        return TryTake(slot, isWatched: false) ? slot : null;
    }

    private bool TryTake(Slot slot, bool isWatched)
    {
        Slot? loser = null;
        lock (_gate)
        {
            if (_taken < max)
            {
                _taken++;
            }
            else if (_unwatched.First is { } longest)
            {
                loser = longest.Value;
                loser.Lost();
                _unwatched.Remove(longest);
            }
            else
            {
                return false;
            }

            slot.Won();
            if (!isWatched)
            {
                _unwatched.AddLast(slot.Place);
            }
        }

        loser?.Tell();
        return true;
    }

    /// <summary>The slot of one room.</summary>
    public sealed class Slot
    {
        private readonly RoomSlots _slots;
        private readonly Action _lose;
        private bool _isLost = true;

        internal Slot(RoomSlots slots, Action lose)
        {
            (_slots, _lose) = (slots, lose);
            Place = new LinkedListNode<Slot>(this);
        }

        /// <summary>Whether the slot was given to another room.</summary>
        public bool IsLost
        {
            get
            {
                lock (_slots._gate)
                {
                    return _isLost;
                }
            }
        }

        internal LinkedListNode<Slot> Place { get; }

        /// <summary>Somebody watches the room. A room that has lost its slot gets another, if one is free.</summary>
        public void Watch()
        {
            lock (_slots._gate)
            {
                if (!_isLost)
                {
                    Unlink();
                    return;
                }
            }

            _slots.TryTake(this, isWatched: true);
        }

        /// <summary>Nobody watches the room any more, or somebody has just posted to one that nobody watches.</summary>
        public void Unwatch()
        {
            lock (_slots._gate)
            {
                if (!_isLost)
                {
                    Unlink();
                    _slots._unwatched.AddLast(Place);
                }
            }
        }

        /// <summary>The room has closed. To be called once.</summary>
        public void Return()
        {
            lock (_slots._gate)
            {
                Unlink();
                if (!_isLost)
                {
                    _isLost = true;
                    _slots._taken--;
                }
            }
        }

        internal void Won() => _isLost = false;

        internal void Lost() => _isLost = true;

        internal void Tell() => _lose();

        private void Unlink() => Place.List?.Remove(Place);
    }
}
