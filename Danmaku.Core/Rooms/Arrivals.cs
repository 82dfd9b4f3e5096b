using Danmaku.Core.Wire;

namespace Danmaku.Core.Rooms;

/// <summary>
/// Viewers on their way into one room on one edge: who waits for the room, what each is sent of what it missed, and which of that is to be read from the
/// origin.
/// </summary>
/// <remarks>Not thread-safe; the room's owner has it. A viewer's stage is on the viewer: what is kept here only finds it.</remarks>
/// <param name="link">Says which question to the origin lets in who comes now.</param>
/// <param name="fanOut">Gives what is ready to the viewers who are live: before another gets it as history.</param>
public sealed class Arrivals<TMember>(EdgeRoom room, OriginLink link, TimeProvider time, Action fanOut)
    where TMember : RoomMember
{
    private readonly HashSet<TMember> _waiting = [];
    private readonly CatchUpReads<TMember> _reads = new(time);

    /// <summary>Whether somebody waits for the room: then the origin is to be asked where it is.</summary>
    public bool AnyWaiting => _waiting.Count > 0;

    /// <summary>A viewer comes.</summary>
    /// <returns>What it gets now; null while it waits for the room, or reads on from the origin.</returns>
    public Portion<TMember>? Enter(TMember member)
    {
        if (room.IsAttached && !room.IsBehind(member.Request.Last))
        {
            return GoOn(member, member.Request.Last);
        }

        member.Stage = new ViewerStage.Waiting(link.NextQuestion);
        _waiting.Add(member);
        return null;
    }

    /// <summary>
    /// Lets those in who need wait no longer: everything that they have seen has arrived here, or the origin has answered, and they have seen more than it
    /// has.
    /// </summary>
    public IReadOnlyList<Portion<TMember>> LetIn()
    {
        if (_waiting.Count == 0 || !room.IsAttached)
        {
            return [];
        }

        // Who is ahead after everything has come that the origin had when it was asked for him, is ahead of the origin too.
        var isComplete = room.Missing is null;
        var due = _waiting.Where(member => !room.IsBehind(member.Request.Last) || (isComplete && IsAnswered(member))).ToArray();
        _waiting.ExceptWith(due);
        return [.. due.Select(LetIn).OfType<Portion<TMember>>()];
    }

    /// <summary>A viewer that catches up has been sent everything up to a position, and has place for more.</summary>
    /// <returns>What it gets now; null while it reads on from the origin.</returns>
    public Portion<TMember>? ReadOn(TMember member, Position after) => member.Stage is ViewerStage.CatchingUp ? GoOn(member, after) : null;

    /// <summary>Takes the pages to ask the origin for now, by the position before each.</summary>
    public IReadOnlyList<Position> TakePages() => _reads.Due();

    /// <summary>
    /// A page has come from the origin, for all who wait for it. What comes after the room's head is left out, since it is on its way here too, and goes to
    /// everybody.
    /// </summary>
    public IReadOnlyList<Portion<TMember>> OnPage(Position after, IReadOnlyList<Batch> page)
    {
        if (page.Count == 0)
        {
            return OnGone(after);
        }

        var batches = room.UpToTop(page);
        if (batches.Count == 0)
        {
            return [];
        }

        var start = new JoinStart(after, false, batches) { HasMore = true };
        return [.. _reads.Take(after).Select(member => Give(member, start))];
    }

    /// <summary>The origin has not what follows a position: who waits for that goes on from here.</summary>
    public IReadOnlyList<Portion<TMember>> OnGone(Position after) => [.. _reads.Take(after).Select(member => FromHere(member, after))];

    /// <summary>A viewer leaves, at whatever stage it is.</summary>
    public void Leave(TMember member)
    {
        _waiting.Remove(member);
        _reads.Forget(member);
    }

    private bool IsAnswered(TMember member) => member.Stage is ViewerStage.Waiting(var question) && link.HasAnswered(question);

    private Portion<TMember>? LetIn(TMember member)
    {
        member.Stage = new ViewerStage.CatchingUp(IsGreeted: false);
        return GoOn(member, member.Request.Last);
    }

    /// <summary>What follows comes from here. When it is older than what is here, the viewer waits for the page of it that the origin has.</summary>
    /// <param name="after">The last position that the viewer has; null when it has none.</param>
    private Portion<TMember>? GoOn(TMember member, Position? after)
    {
        if (after is { } position && room.IsOlder(position))
        {
            _reads.Wait(member, position);
            return null;
        }

        return FromHere(member, after);
    }

    private Portion<TMember> FromHere(TMember member, Position? after)
    {
        // What is ready belongs to those already here; the new one gets it as history.
        fanOut();
        return Give(member, room.Join(after, member.Request.History));
    }

    private static Portion<TMember> Give(TMember member, JoinStart start)
    {
        var portion = new Portion<TMember>(member, start, IsFirst: member.Stage is not ViewerStage.CatchingUp { IsGreeted: true });
        member.Stage = new ViewerStage.CatchingUp(IsGreeted: true);
        return portion;
    }
}

/// <summary>A part of what a viewer gets on its way into a room. When it has no more after that, it is live.</summary>
/// <param name="IsFirst">Its welcome comes before it.</param>
public sealed record Portion<TMember>(TMember Member, JoinStart Start, bool IsFirst)
    where TMember : RoomMember
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
