using Danmaku.Core.Rooms;

namespace Danmaku.Core.Limits;

/// <summary>
/// Limits how many rooms each client of one edge keeps open, and how many it opens per second. Entering a room that is in use costs nothing. A room that a
/// second client has entered counts for nobody any more.
/// </summary>
/// <remarks>Thread-safe. An empty room still counts for <paramref name="keepFor"/>, the time until the room closes.</remarks>
/// <param name="perClient">Most rooms that a client keeps open.</param>
/// <param name="perSecond">Rooms that a client opens per second.</param>
/// <param name="burst">Rooms that it may open at once after a pause.</param>
public sealed class OpenRooms(int perClient, double perSecond, double burst, TimeSpan keepFor, TimeProvider time)
{
    /// <summary>Most rooms without viewers that are remembered; then the oldest are forgotten early.</summary>
    public const int MaxEmpty = 20_000;

    /// <summary>Most clients whose rate is remembered.</summary>
    private const int MaxClients = 10_000;

    /// <summary>When a client that keeps too many rooms open should try again.</summary>
    private static readonly TimeSpan RetryWhenFull = TimeSpan.FromSeconds(5);

    private readonly Dictionary<RoomId, Use> _rooms = [];
    private readonly LinkedList<RoomId> _empty = new();
    private readonly Dictionary<ClientNetwork, int> _held = [];
    private readonly ClientTable<TokenBucket> _rates = new(MaxClients, () => new TokenBucket(perSecond, burst, time));
    private readonly Lock _gate = new();

    /// <summary>A viewer is about to enter a room.</summary>
    /// <returns>Null when it may enter; then <see cref="Leave"/> must be called. Else how long it must wait.</returns>
    public TimeSpan? Enter(RoomId room, ClientNetwork client)
    {
        lock (_gate)
        {
            Forget();
            if (!_rooms.TryGetValue(room, out var use))
            {
                if (TryOpen(client) is { } wait)
                {
                    return wait;
                }

                _rooms[room] = use = new Use(client);
            }
            else if (use.Opener != client)
            {
                Release(use);
            }

            if (use.Viewers++ == 0 && use.Empty is { } empty)
            {
                _empty.Remove(empty);
                use.Empty = null;
            }

            return null;
        }
    }

    /// <summary>A viewer has left.</summary>
    public void Leave(RoomId room)
    {
        lock (_gate)
        {
            var use = _rooms[room];
            if (--use.Viewers == 0)
            {
                use.EmptySince = time.GetTimestamp();
                use.Empty = _empty.AddLast(room);
                Forget();
            }
        }
    }

    /// <summary>Somebody posts without being a viewer.</summary>
    /// <returns>As for <see cref="Enter"/>, but nothing needs to be called afterwards.</returns>
    public TimeSpan? Visit(RoomId room, ClientNetwork client)
    {
        var wait = Enter(room, client);
        if (wait is null)
        {
            Leave(room);
        }

        return wait;
    }

    private TimeSpan? TryOpen(ClientNetwork client)
    {
        var held = _held.GetValueOrDefault(client);
        if (held >= perClient)
        {
            return RetryWhenFull;
        }

        if (_rates.Get(client).TryTake() is { } wait)
        {
            return wait;
        }

        _held[client] = held + 1;
        return null;
    }

    private void Release(Use use)
    {
        if (use.Opener is not { } opener)
        {
            return;
        }

        use.Opener = null;
        if (--_held[opener] == 0)
        {
            _held.Remove(opener);
        }
    }

    private void Forget()
    {
        while (_empty.First is { } oldest
            && (_empty.Count > MaxEmpty || time.GetElapsedTime(_rooms[oldest.Value].EmptySince) >= keepFor))
        {
            _rooms.Remove(oldest.Value, out var use);
            Release(use!);
            _empty.RemoveFirst();
        }
    }

    private sealed class Use(ClientNetwork opener)
    {
        /// <summary>The client that opened it; null when others have entered too.</summary>
        public ClientNetwork? Opener { get; set; } = opener;

        public int Viewers { get; set; }

        public long EmptySince { get; set; }

        /// <summary>Its node in the list of empty rooms; null while somebody is in the room.</summary>
        public LinkedListNode<RoomId>? Empty { get; set; }
    }
}
