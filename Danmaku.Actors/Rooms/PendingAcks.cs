using Akka.Actor;
using Danmaku.Core.Rooms;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Rooms;

/// <summary>Who waits to hear what became of a post: once when everybody can see it, and again when the store has it, if that is later.</summary>
internal sealed class PendingAcks
{
    private readonly Waiting _unseen = new();
    private readonly Waiting _unsaved = new();

    /// <summary>Answers now as far as that is possible, and remembers the rest. The same question again replaces the first.</summary>
    public void Add(SubmitPost post, IActorRef sender, Position position, PostState state, bool isRepeat)
    {
        var waiter = new Waiter(sender, new PostAnswer(post.Room, post.Post.Id, position, null, null, IsRepeat: isRepeat, Ticket: post.Ticket));
        switch (state)
        {
            case PostState.Saved:
                Answer(waiter, isDurable: true);
                break;
            case PostState.Seen:
                Answer(waiter, isDurable: false);
                _unsaved.Add(waiter);
                break;
            case PostState.Pending:
                _unseen.Add(waiter);
                break;
        }
    }

    /// <summary>Answers those whose danmaku is among the seen, or the saved.</summary>
    public void Settle(long seen, long saved)
    {
        while (_unseen.TryTake(seen, out var waiter))
        {
            var isDurable = waiter.Offset <= saved;
            Answer(waiter, isDurable);
            if (!isDurable)
            {
                _unsaved.Add(waiter);
            }
        }

        while (_unsaved.TryTake(saved, out var waiter))
        {
            Answer(waiter, isDurable: true);
        }
    }

    /// <summary>Nobody here will ever know more: those without an answer are told so, and send their posts again.</summary>
    public void GiveUp()
    {
        while (_unseen.TryTake(long.MaxValue, out var waiter))
        {
            waiter.Sender.Tell(waiter.Answer with { Position = Position.None, IsRepeat = false });
        }

        _unsaved.Clear();
    }

    private static void Answer(Waiter waiter, bool isDurable) => waiter.Sender.Tell(isDurable ? waiter.Answer : waiter.Answer with { IsDurable = false });

    /// <param name="Answer">As it is when the store has the danmaku.</param>
    private readonly record struct Waiter(IActorRef Sender, PostAnswer Answer)
    {
        public long Offset => Answer.Position.Offset;

        public bool IsSameAs(Waiter other) => Answer.Ticket == other.Answer.Ticket && Sender.Equals(other.Sender);
    }

    /// <summary>Those who wait, in the order of offsets.</summary>
    private sealed class Waiting
    {
        /// <summary>Most who ask again about one and the same danmaku; those who asked first hear nothing, and ask again.</summary>
        private const int MaxSame = 16;

        /// <summary>Those whose posts were accepted: they come in order.</summary>
        private readonly Queue<Waiter> _authors = new();

        private readonly SortedDictionary<long, List<Waiter>> _repeats = [];

        public void Add(Waiter waiter)
        {
            if (!waiter.Answer.IsRepeat)
            {
                _authors.Enqueue(waiter);
                return;
            }

            if (!_repeats.TryGetValue(waiter.Offset, out var same))
            {
                _repeats.Add(waiter.Offset, same = []);
            }

            same.RemoveAll(waiter.IsSameAs);
            same.Add(waiter);
            if (same.Count > MaxSame)
            {
                same.RemoveAt(0);
            }
        }

        /// <summary>Takes one whose danmaku is not after <paramref name="through"/>.</summary>
        public bool TryTake(long through, out Waiter waiter)
        {
            while (_authors.TryPeek(out waiter) && waiter.Offset <= through)
            {
                _authors.Dequeue();
                if (!HasAskedAgain(waiter))
                {
                    return true;
                }
            }

            if (_repeats.Count == 0 || _repeats.First() is var (offset, same) && offset > through)
            {
                return false;
            }

            waiter = same[0];
            same.RemoveAt(0);
            if (same.Count == 0)
            {
                _repeats.Remove(offset);
            }

            return true;
        }

        public void Clear()
        {
            _authors.Clear();
            _repeats.Clear();
        }

        private bool HasAskedAgain(Waiter author) => _repeats.TryGetValue(author.Offset, out var same) && same.Exists(author.IsSameAs);
    }
}
