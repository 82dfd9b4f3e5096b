using Danmaku.Core.Wire;

namespace Danmaku.Core.Rooms;

/// <summary>
/// Viewers on their way into one room on one edge: who waits for the room, what each is sent of what it missed, and which of that is to be read from the
/// origin.
/// </summary>
/// <remarks>Not thread-safe; the room's owner has it. A viewer's stage is on the viewer: what is kept here only finds it.</remarks>
/// <param name="link">Says which question to the origin lets in who comes now.</param>
public sealed class Arrivals<TMember>(EdgeRoom room, OriginLink link, TimeProvider time)
    where TMember : RoomMember
{
    private readonly HashSet<TMember> _waiting = [];
    private readonly CatchUpReads<TMember> _reads = new(time);

    public bool AnyWaiting => _waiting.Count > 0;

    /// <summary>A viewer comes.</summary>
    /// <returns>Whether it is let in at once. Else it waits, and the origin is to be asked for it.</returns>
    public bool Enter(TMember member)
    {
        if (room.IsAttached && !room.IsBehind(member.Request.Last))
        {
            return true;
        }

        member.Stage = new ViewerStage.Waiting(link.NextQuestion);
        _waiting.Add(member);
        return false;
    }

    /// <summary>
    /// Takes the viewers who need wait no longer: everything that they have seen has arrived here, or the origin has answered, and they have seen more than
    /// it has.
    /// </summary>
    public IReadOnlyList<TMember> TakeDue()
    {
        if (_waiting.Count == 0 || !room.IsAttached)
        {
            return [];
        }

        // Who is ahead after everything has come that the origin had when it was asked for him, is ahead of the origin too.
        var isComplete = room.Missing is null;
        var due = _waiting.Where(member => !room.IsBehind(member.Request.Last) || (isComplete && IsAnswered(member))).ToArray();
        foreach (var member in due)
        {
            _waiting.Remove(member);
            member.Stage = new ViewerStage.CatchingUp(IsGreeted: false);
        }

        return due;
    }

    /// <summary>Whether what follows is older than what is here: then the viewer waits for the page of it that the origin has.</summary>
    /// <param name="after">The last position that the viewer has; null when it has none.</param>
    public bool ReadsOn(TMember member, Position? after)
    {
        if (after is not { } position || !room.IsOlder(position))
        {
            return false;
        }

        _reads.Wait(member, position);
        return true;
    }

    /// <summary>Takes the pages to ask the origin for now, by the position before each.</summary>
    public IReadOnlyList<Position> TakePages() => _reads.Due();

    /// <summary>The next that a viewer gets from here. Call <see cref="EdgeRoom.Take"/> first: what is ready belongs to those already here.</summary>
    /// <param name="after">The last position that it has; null when it has none.</param>
    public Portion Next(TMember member, Position? after) => Give(member, room.Join(after, member.Request.History));

    /// <summary>
    /// A page has come from the origin: what each gets who waits for it. What comes after the room's head is left out, since it is on its way here too, and
    /// goes to everybody.
    /// </summary>
    /// <param name="page">Not empty.</param>
    public IReadOnlyList<(TMember Member, Portion Portion)> OnPage(Position after, IReadOnlyList<Batch> page)
    {
        var batches = room.UpToTop(page);
        if (batches.Count == 0)
        {
            return [];
        }

        var start = new JoinStart(after, false, batches) { HasMore = true };
        return [.. _reads.Take(after).Select(member => (member, Give(member, start)))];
    }

    /// <summary>The origin has not what follows a position: takes the viewers who waited for that. They go on from here.</summary>
    public IReadOnlyList<TMember> OnGone(Position after) => _reads.Take(after);

    /// <summary>A viewer leaves, at whatever stage it is.</summary>
    public void Leave(TMember member)
    {
        _waiting.Remove(member);
        _reads.Forget(member);
    }

    private bool IsAnswered(TMember member) => member.Stage is ViewerStage.Waiting(var question) && link.HasAnswered(question);

    private static Portion Give(TMember member, JoinStart start)
    {
        var portion = new Portion(start, IsFirst: member.Stage is not ViewerStage.CatchingUp { IsGreeted: true });
        member.Stage = new ViewerStage.CatchingUp(IsGreeted: true);
        return portion;
    }
}

/// <summary>A part of what a viewer gets on its way into a room. When it has no more, the viewer is live after it.</summary>
/// <param name="IsFirst">Its welcome comes before it.</param>
public sealed record Portion(JoinStart Start, bool IsFirst)
{
    /// <param name="welcome">For the first.</param>
    public void SendTo(Viewer viewer, Welcome? welcome)
    {
        if (welcome is not null)
        {
            viewer.Greet(welcome, Start.Batches);
            return;
        }

        if (Start.IsLost)
        {
            viewer.Lose(Start.Position);
        }

        viewer.Deliver(Start.Batches);
    }
}
