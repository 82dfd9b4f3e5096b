using System.Diagnostics.CodeAnalysis;

namespace Danmaku.Core.Rooms;

/// <summary>A room's name: matches <c>^[a-z0-9_-]{1,64}$</c> (docs/protocol.md §1), safe as path, key and actor name.</summary>
public readonly record struct RoomId
{
    public const int MaxLength = 64;

    private readonly string? _value;

    private RoomId(string value) => _value = value;

    public string Value => _value ?? throw new InvalidOperationException("default(RoomId) names no room");

    /// <summary>Reads a name from outside; false when it is not a valid name.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out RoomId room)
    {
        room = default;
        if (text is null || text.Length is 0 or > MaxLength || text.AsSpan().ContainsAnyExcept(Allowed))
        {
            return false;
        }

        room = new RoomId(text);
        return true;
    }

    /// <summary>Reads a name that was checked before.</summary>
    /// <exception cref="FormatException">It is not a room name.</exception>
    public static RoomId Parse(string text) =>
        TryParse(text, out var room) ? room : throw new FormatException($"Room names match ^[a-z0-9_-]{{1,{MaxLength}}}$");

    /// <summary>The number of this room's topic among <paramref name="partitions"/>: FNV-1a, the same on every node and release.</summary>
    public int Partition(int partitions)
    {
        var hash = 2166136261u;
        foreach (var c in Value)
        {
            hash = (hash ^ c) * 16777619u;
        }

        return (int)(hash % (uint)partitions);
    }

    public override string ToString() => Value;

    private static readonly System.Buffers.SearchValues<char> Allowed =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_-");
}
