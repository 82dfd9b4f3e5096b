using Danmaku.Core.Rooms;

namespace Danmaku.Chaos.Checks;

public enum HeardKind : byte
{
    Welcome,
    Danmaku,
    Skipped,
    Lost,
}

/// <summary>One thing that a viewer was told about its room's order. A viewer's whole life is a list of them, as they came.</summary>
/// <param name="From">Of <see cref="HeardKind.Skipped"/>: the first that is left out.</param>
/// <param name="Post">Of <see cref="HeardKind.Danmaku"/>: which post it is; <see cref="Foreign"/> when it is none of this run.</param>
public readonly record struct Heard(HeardKind Kind, Position Position, Position From, int Post)
{
    public const int Foreign = -1;

    /// <summary>What follows begins after this position, and nothing was lost.</summary>
    public static Heard Welcome(Position position) => new(HeardKind.Welcome, position, Position.None, Foreign);

    public static Heard Danmaku(Position position, int post) => new(HeardKind.Danmaku, position, Position.None, post);

    public static Heard Skipped(Position first, long through) => new(HeardKind.Skipped, first with { Offset = through }, first, Foreign);

    /// <summary>A <c>lost</c>, or a <c>welcome</c> that says so: what follows begins after this position.</summary>
    public static Heard Lost(Position position) => new(HeardKind.Lost, position, Position.None, Foreign);
}
