using Danmaku.WebSockets.Tests.Support;

namespace Danmaku.WebSockets.Tests.Conformance;

/// <summary>Bytes of a client, and what they mean.</summary>
/// <param name="Heard">What comes of them, in order.</param>
internal sealed record Case(string Name, byte[] Bytes, params string[] Heard)
{
    public const int MaxBytes = 70_000;

    public bool Deflate { get; init; }

    public bool TextOnly { get; init; }

    public int Max { get; init; } = MaxBytes;

    /// <summary>The byte, counted from 1, at which an error must be seen, and no sooner; null for any.</summary>
    public int? WrongAt { get; init; }

    public ReaderOptions Options => new(Max) { Deflate = Deflate, Binary = !TextOnly };

    public static Case Text(string name, byte[] bytes, params string[] texts) => new(name, bytes, [.. texts.Select(Transcript.Text)]);

    public static Case Wrong(string name, byte[] bytes, ReadError error, int? at = null) => new(name, bytes, Transcript.Error(error)) { WrongAt = at };

    public override string ToString() => Name;
}
