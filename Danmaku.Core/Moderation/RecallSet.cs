using Danmaku.Core.Rooms;

namespace Danmaku.Core.Moderation;

/// <summary>
/// The recalls that a node has heard of in one room. What they name is blanked wherever it comes from: from a page of the store that was read before the recall
/// was stored, or from a slice that arrives after the recall.
/// </summary>
/// <remarks>
/// Not thread-safe; it has one owner. The store blanks what is recalled in the transaction that stores the recall. So this set covers only what was on its way
/// meanwhile, and may forget: above a bound the oldest recall goes.
/// </remarks>
public sealed class RecallSet
{
    /// <summary>Most recalls of one danmaku that it knows; the oldest go.</summary>
    public const int MaxOnes = 4096;

    /// <summary>Most recalls of a person that it knows; the oldest go.</summary>
    public const int MaxPersons = 256;

    private readonly OrderedDictionary<Position, Position> _ones = [];
    private readonly List<(Recall.Person Recall, Position At)> _persons = [];

    /// <summary>The position of the last recall of everything.</summary>
    private Position _everything;

    public bool IsEmpty => _ones.Count == 0 && _persons.Count == 0 && _everything.IsNone;

    /// <summary>Adds a recall. Repeating it changes nothing.</summary>
    /// <param name="at">Its own position: it covers nothing after that.</param>
    public void Add(Recall recall, Position at)
    {
        switch (recall)
        {
            case Recall.One one when _ones.TryAdd(one.Target, at):
                if (_ones.Count > MaxOnes)
                {
                    _ones.RemoveAt(0);
                }

                break;
            case Recall.Person person when !_persons.Contains((person, at)):
                _persons.Add((person, at));
                if (_persons.Count > MaxPersons)
                {
                    _persons.RemoveAt(0);
                }

                break;
            case Recall.Everything:
                _everything = at > _everything ? at : _everything;
                break;
        }
    }

    /// <returns>The danmaku, or its placeholder where a recall covers it.</returns>
    public Comment Apply(long epoch, Comment comment) => !IsEmpty && Covers(epoch, comment) ? comment.Recalled() : comment;

    /// <returns>The batch itself where no recall covers any of it.</returns>
    public Batch Apply(Batch batch) =>
        !IsEmpty && batch.Comments.Any(comment => Covers(batch.Epoch, comment))
            ? batch with { Comments = [.. batch.Comments.Select(comment => Apply(batch.Epoch, comment))] }
            : batch;

    private bool Covers(long epoch, Comment comment)
    {
        var position = new Position(epoch, comment.Offset);
        if (comment.Recall is not null || !comment.IsShown)
        {
            return false;
        }

        return position < _everything
            || (_ones.TryGetValue(position, out var at) && position < at)
            || _persons.Exists(person => position < person.At && person.Recall.Covers(epoch, comment));
    }
}
