using Akka.Actor;
using Danmaku.Core.Rooms;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Rooms;

/// <summary>Acknowledgements that are due: one when everybody can see the danmaku, and another when the store has it, if that is later.</summary>
internal sealed class PendingAcks
{
    private readonly Waiting _unseen = new();
    private readonly Waiting _unsaved = new();

    /// <summary>Answers now as far as possible, and remembers the rest. A repeated post replaces the first.</summary>
    public void Add(SubmitPost post, IActorRef sender, Position position, PostState state, bool isRepeat)
    {
        var answer = new PostAnswer(post.Room, post.Post.Id, position, null, null, IsRepeat: isRepeat, Ticket: post.Ticket);
        var waiter = new Waiter(sender, answer, IsRecall: post.Post.Recall is not null);
        switch (state)
        {
            case PostState.Saved:
                Answer(waiter, isDurable: true);
                break;
            case PostState.Seen:
                AnswerSeen(waiter);
                break;
            case PostState.Pending:
                _unseen.Add(waiter);
                break;
        }
    }

    /// <summary>Answers authors whose danmaku is now visible, or stored.</summary>
    public void Settle(long seen, long saved)
    {
        while (_unseen.TryTake(seen, out var waiter))
        {
            if (waiter.Offset <= saved)
            {
                Answer(waiter, isDurable: true);
            }
            else
            {
                AnswerSeen(waiter);
            }
        }

        while (_unsaved.TryTake(saved, out var waiter))
        {
            Answer(waiter, isDurable: true);
        }
    }

    /// <summary>Ends with an unknown outcome for all who have no answer; they send their posts again.</summary>
    public void GiveUp()
    {
        while (_unseen.TryTake(long.MaxValue, out var waiter))
        {
            waiter.Sender.Tell(waiter.Answer with { Position = Position.None, IsRepeat = false });
        }

        _unsaved.Clear();
    }

    /// <summary>
    /// Everybody sees it, and the store does not have it. A recall is not answered until it is stored: a moderator who hears of it must be able to rely on it.
    /// </summary>
    private void AnswerSeen(Waiter waiter)
    {
        if (!waiter.IsRecall)
        {
            Answer(waiter, isDurable: false);
        }

        _unsaved.Add(waiter);
    }

    private static void Answer(Waiter waiter, bool isDurable) => waiter.Sender.Tell(isDurable ? waiter.Answer : waiter.Answer with { IsDurable = false });

    /// <param name="Answer">As it is when the store has the danmaku.</param>
    private readonly record struct Waiter(IActorRef Sender, PostAnswer Answer, bool IsRecall)
    {
        public long Offset => Answer.Position.Offset;

        public bool IsSameAs(Waiter other) => Answer.Ticket == other.Answer.Ticket && Sender.Equals(other.Sender);
    }

    /// <summary>Waiting authors, in the order of offsets.</summary>
    private sealed class Waiting
    {
        /// <summary>Most repeated questions about one danmaku. With more, the oldest get no answer, and ask again.</summary>
        private const int MaxSame = 16;

        /// <summary>Authors of newly accepted posts, which come in order.</summary>
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
