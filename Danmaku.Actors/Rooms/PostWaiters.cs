using Akka.Actor;
using Danmaku.Core.Rooms;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Rooms;

/// <summary>Who waits to hear what became of a post: once when everybody can see it, and again when the store has it, if that is later.</summary>
internal sealed class PostWaiters(RoomId room)
{
    /// <summary>Most who wait for one and the same danmaku; those who asked first hear nothing, and ask again.</summary>
    private const int MaxSame = 16;

    private readonly SortedDictionary<long, List<Waiter>> _unseen = [];
    private readonly SortedDictionary<long, List<Waiter>> _unsaved = [];

    /// <summary>Answers now as far as that is possible, and remembers the rest. The same question again replaces the first.</summary>
    public void Add(PostId id, IActorRef sender, Position position, PostState state, bool isRepeat)
    {
        var waiter = new Waiter(sender, id, position, isRepeat);
        switch (state)
        {
            case PostState.Saved:
                Answer(waiter, isDurable: true);
                break;
            case PostState.Seen:
                Answer(waiter, isDurable: false);
                Remember(_unsaved, waiter);
                break;
            case PostState.Pending:
                Remember(_unseen, waiter);
                break;
        }
    }

    /// <summary>Answers those whose danmaku is among the seen, or the saved.</summary>
    public void Settle(long seen, long saved)
    {
        foreach (var waiter in Take(_unseen, seen))
        {
            Answer(waiter, waiter.Position.Offset <= saved);
            if (waiter.Position.Offset > saved)
            {
                Remember(_unsaved, waiter);
            }
        }

        foreach (var waiter in Take(_unsaved, saved))
        {
            Answer(waiter, isDurable: true);
        }
    }

    /// <summary>Nobody here will ever know more: those without an answer are told so, and send their posts again.</summary>
    public void GiveUp()
    {
        foreach (var waiter in Take(_unseen, long.MaxValue))
        {
            waiter.Sender.Tell(PostAnswer.Unknown(room, waiter.Id));
        }

        _unsaved.Clear();
    }

    private void Answer(Waiter waiter, bool isDurable) =>
        waiter.Sender.Tell(new PostAnswer(room, waiter.Id, waiter.Position, null, null, isDurable, waiter.IsRepeat));

    private static void Remember(SortedDictionary<long, List<Waiter>> waiters, Waiter waiter)
    {
        if (!waiters.TryGetValue(waiter.Position.Offset, out var same))
        {
            waiters.Add(waiter.Position.Offset, same = []);
        }

        same.RemoveAll(known => known.Sender.Equals(waiter.Sender));
        same.Add(waiter);
        if (same.Count > MaxSame)
        {
            same.RemoveAt(0);
        }
    }

    private static IEnumerable<Waiter> Take(SortedDictionary<long, List<Waiter>> waiters, long through)
    {
        while (waiters.Count > 0 && waiters.First() is var (offset, waiting) && offset <= through)
        {
            waiters.Remove(offset);
            foreach (var waiter in waiting)
            {
                yield return waiter;
            }
        }
    }

    private sealed record Waiter(IActorRef Sender, PostId Id, Position Position, bool IsRepeat);
}
