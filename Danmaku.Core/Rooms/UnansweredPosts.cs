using Danmaku.Core.Limits;

namespace Danmaku.Core.Rooms;

/// <summary>The posts of one connection that have no answer yet, or a first one and not the second, which follows when the store has them.</summary>
/// <remarks>Not thread-safe; it has one owner, who calls <see cref="Clear"/> at its end.</remarks>
/// <param name="max">Most posts without an answer.</param>
/// <param name="deadline">How long an answer may take; after that a post is overdue.</param>
/// <param name="shared">Bounds the unanswered posts of all connections together.</param>
public sealed class UnansweredPosts(int max, TimeSpan deadline, SharedBudget shared, TimeProvider time)
{
    /// <summary>Most posts that wait for their second acknowledgement; the oldest never get one.</summary>
    public const int MaxUnsaved = 1024;

    private readonly Dictionary<PostId, (long Since, long Deadline)> _pending = [];

    /// <summary>Posts acknowledged before the store had them; oldest first.</summary>
    private OrderedDictionary<PostId, Position>? _unsaved;

    /// <summary>Posts without an answer.</summary>
    public int Count => _pending.Count;

    /// <summary>Whether there is no place for another, here or on the edge.</summary>
    public bool IsFull => _pending.Count >= max || shared.IsFull;

    /// <summary>How long until the next is overdue; null when none waits.</summary>
    public TimeSpan? UntilOverdue
    {
        get
        {
            if (_pending.Count == 0)
            {
                return null;
            }

            var oldest = time.GetElapsedTime(_pending.Values.Min(post => post.Since));
            return oldest < deadline ? deadline - oldest : TimeSpan.Zero;
        }
    }

    /// <summary>Adds a post, or its newest copy.</summary>
    /// <param name="id">Of the post.</param>
    /// <param name="copy">Its deadline (<see cref="Post.Deadline"/>), which says which copy it is.</param>
    public void Add(PostId id, long copy)
    {
        var before = _pending.Count;
        _pending[id] = (time.GetTimestamp(), copy);
        shared.Add(_pending.Count - before);
    }

    /// <summary>A copy of a post was refused.</summary>
    /// <returns>Whether that is the post's answer: what becomes of a later copy is still open.</returns>
    public bool Refuse(PostId id, long copy) => _pending.TryGetValue(id, out var post) && post.Deadline == copy && Forget(id);

    /// <summary>Nobody knows what became of a post.</summary>
    /// <returns>Whether that is its answer.</returns>
    public bool Forget(PostId id)
    {
        if (!_pending.Remove(id))
        {
            return false;
        }

        shared.Add(-1);
        return true;
    }

    /// <summary>A post was accepted. It gets one acknowledgement, and one more when the store has what it had not: others say nothing new.</summary>
    public Acknowledgement Accept(PostId id, Position position, bool isDurable)
    {
        if (!Forget(id))
        {
            return isDurable && _unsaved?.Remove(id) == true ? Acknowledgement.Second : Acknowledgement.None;
        }

        if (!isDurable)
        {
            AddUnsaved(id, position);
        }

        return Acknowledgement.First;
    }

    /// <summary>Takes a post that was not answered in time; null when there is none.</summary>
    public PostId? TakeOverdue()
    {
        foreach (var (id, (since, _)) in _pending)
        {
            if (time.GetElapsedTime(since) >= deadline)
            {
                Forget(id);
                return id;
            }
        }

        return null;
    }

    /// <summary>Gives the place of what waits back to others.</summary>
    public void Clear()
    {
        shared.Add(-_pending.Count);
        _pending.Clear();
    }

    private void AddUnsaved(PostId id, Position position)
    {
        _unsaved ??= [];
        _unsaved[id] = position;
        if (_unsaved.Count > MaxUnsaved)
        {
            _unsaved.RemoveAt(0);
        }
    }
}

/// <summary>What the author of an accepted post is to be told.</summary>
public enum Acknowledgement
{
    /// <summary>Nothing: it has been told.</summary>
    None,

    First,

    /// <summary>The store has it now.</summary>
    Second,
}
