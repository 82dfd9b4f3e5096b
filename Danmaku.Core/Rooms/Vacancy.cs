namespace Danmaku.Core.Rooms;

/// <summary>Whether a room without viewers is still needed on its edge.</summary>
/// <remarks>Not thread-safe; it has one owner.</remarks>
/// <param name="keepFor">How long a room without viewers keeps its place and history.</param>
public sealed class Vacancy(TimeSpan keepFor, TimeProvider time)
{
    /// <summary>A client that had the room opened joins within this time.</summary>
    public static readonly TimeSpan SpareAfter = TimeSpan.FromSeconds(3);

    private long _since;

    /// <summary>The number of visits when it was last told that the room is spare.</summary>
    private long _toldSpare;

    /// <summary>How often somebody came, or announced to come.</summary>
    public long Visits { get; private set; }

    public void Visit() => Visits++;

    /// <summary>Somebody leaves, or announces to come: the wait begins anew.</summary>
    public void Restart() => _since = time.GetTimestamp();

    /// <summary>Where the room stands, when it has no viewers. That it is spare is told once after each visit.</summary>
    public RoomNeed Look()
    {
        var since = time.GetElapsedTime(_since);
        if (since > keepFor)
        {
            return RoomNeed.None;
        }

        if (since <= SpareAfter || _toldSpare == Visits)
        {
            return RoomNeed.Unchanged;
        }

        _toldSpare = Visits;
        return RoomNeed.Spare;
    }
}

/// <summary>Whether a room without viewers is needed.</summary>
public enum RoomNeed
{
    /// <summary>As it was told before, or nobody has been told.</summary>
    Unchanged,

    /// <summary>It may go when another needs its place.</summary>
    Spare,

    /// <summary>It may go.</summary>
    None,
}
