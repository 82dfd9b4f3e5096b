using Danmaku.Chaos.Checks;
using Danmaku.Core.Rooms;

namespace Danmaku.Chaos.Viewers;

/// <summary>A client's posts that nobody has answered yet. Each is sent, with the same id, until it is answered. Not thread-safe.</summary>
public sealed class PendingPosts(PostLedger ledger, Random random, TimeProvider time)
{
    /// <summary>No more than a connection may send at once (docs/protocol.md §5).</summary>
    public const int Max = 8;

    /// <summary>Twice as long as an edge waits for an origin, and more.</summary>
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(12);

    private readonly Dictionary<int, Pending> _pending = [];

    public bool IsFull => _pending.Count >= Max;

    public void Add(int number, byte[] message) => _pending.Add(number, new Pending(message, time.GetTimestamp()));

    /// <summary>A new connection: all are to be sent again.</summary>
    public void Restart()
    {
        foreach (var pending in _pending.Values)
        {
            pending.Due = time.GetTimestamp();
        }
    }

    /// <summary>What is to be sent now; it counts as sent.</summary>
    public IReadOnlyList<byte[]> TakeDue()
    {
        var (now, due) = (time.GetTimestamp(), new List<byte[]>());
        foreach (var (number, pending) in _pending)
        {
            if (pending.Due <= now)
            {
                pending.Due = In(AnswerPatience);
                ledger.Sent(number);
                due.Add(pending.Take());
            }
        }

        return due;
    }

    public void Acked(int number, Position position, bool isDurable)
    {
        _pending.Remove(number);
        ledger.Acked(number, position, isDurable);
    }

    /// <param name="retryAfter">Null for a refusal that is final.</param>
    public void Refused(int number, string reason, TimeSpan? retryAfter)
    {
        ledger.Refused(number);
        if (retryAfter is { } wait)
        {
            Retry(number, wait);
        }
        else
        {
            _pending.Remove(number);
            ledger.GivenUp(number, reason);
        }
    }

    public void Unknown(int number) => Retry(number, TimeSpan.Zero);

    private void Retry(int number, TimeSpan wait)
    {
        if (_pending.TryGetValue(number, out var pending))
        {
            pending.Due = In(wait + TimeSpan.FromMilliseconds(random.Next(50, 500)));
        }
    }

    private long In(TimeSpan wait) => time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency);

    private sealed class Pending(byte[] message, long due)
    {
        private bool _wasSent;

        /// <summary>The message in the form in which it is to be sent this time.</summary>
        public byte[] Take()
        {
            var form = _wasSent ? PostTexts.Again(message) : message;
            _wasSent = true;
            return form;
        }

        public long Due { get; set; } = due;
    }
}
