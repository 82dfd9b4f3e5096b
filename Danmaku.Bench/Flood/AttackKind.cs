namespace Danmaku.Bench.Flood;

/// <summary>What attackers do.</summary>
public enum AttackKind
{
    /// <summary>Nothing: shows how far figures differ by themselves.</summary>
    None,

    /// <summary>Open TCP connections and send nothing.</summary>
    Idle,

    /// <summary>Send request headers and messages, and never their ends.</summary>
    Half,

    /// <summary>Post as fast as they can.</summary>
    Posts,

    /// <summary>Send Pings as fast as they can.</summary>
    Pings,

    /// <summary>Send empty text messages as fast as they can.</summary>
    Empty,

    /// <summary>Send <c>clock</c> messages as fast as they can.</summary>
    Clock,

    /// <summary>Post over HTTP from many addresses.</summary>
    Http,

    /// <summary>Open one room after the other.</summary>
    Rooms,
}

/// <summary>How large an attack is.</summary>
/// <param name="Connections">So many at the same time.</param>
/// <param name="Addresses">From so many they come, in turn.</param>
/// <param name="Total">After so many connections it is over; null for never.</param>
public sealed record AttackSize(int Connections, int Addresses, int? Total = null)
{
    /// <summary>Connections that wait for an answer and are gone, so that a few are enough.</summary>
    private const int Short = 32;

    /// <param name="count">Connections, or rooms; null for the usual size. <paramref name="addresses"/>: likewise.</param>
    public static AttackSize Of(AttackKind kind, int? count = null, int? addresses = null)
    {
        var usual = kind switch
        {
            AttackKind.None => new AttackSize(0, 1),
            AttackKind.Idle => new AttackSize(2000, 10),
            AttackKind.Half => new AttackSize(4000, 10),
            AttackKind.Posts => new AttackSize(300, 1),
            AttackKind.Http => new AttackSize(Short, 4000),
            AttackKind.Rooms => new AttackSize(1, 1, 10_000),
            _ => new AttackSize(20, 1),
        };
        usual = usual with { Addresses = addresses ?? usual.Addresses };
        return kind switch
        {
            AttackKind.None => usual,
            AttackKind.Rooms => usual with { Total = count ?? usual.Total },
            _ => usual with { Connections = count ?? usual.Connections },
        };
    }
}
