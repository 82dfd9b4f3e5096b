using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Danmaku.Testing.Posts;

/// <summary>Which post a text is.</summary>
/// <param name="Number">From 0, in the order of the schedule.</param>
/// <param name="DueMicros">When the schedule wanted it sent, in microseconds of the run's clock.</param>
public readonly record struct PostTag(int Number, long DueMicros);

/// <summary>Texts and post ids that say which post of which run they are, so that any viewer can tell how long one took.</summary>
/// <remarks>A text is 6 characters for the run, 8 hexadecimal digits for the number, 10 for the time, then padding.</remarks>
public class PostTexts
{
    public const int MinBytes = 24;

    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz";

    private readonly byte[] _run = Encoding.ASCII.GetBytes(RandomNumberGenerator.GetString("bcdfghjklmnpqrstvwxz", 6));
    private readonly string _idPrefix = RandomNumberGenerator.GetHexString(24, lowercase: true);
    private readonly byte[] _padding;

    /// <param name="bytes">Length of a text, at least <see cref="MinBytes"/>; all of it is ASCII.</param>
    public PostTexts(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, MinBytes);
        _padding = [.. Enumerable.Range(0, bytes - MinBytes).Select(i => (byte)Alphabet[i % Alphabet.Length])];
    }

    /// <summary>The <c>post</c> message (docs/protocol.md §4).</summary>
    /// <param name="bytes">Length of the text when it is to be shorter than usual.</param>
    public byte[] PostMessage(PostTag tag, int? bytes = null) => Encoding.UTF8.GetBytes(
        $$"""{"type":"post","id":"{{Id(tag.Number)}}","text":"{{Text(tag, bytes)}}"}""");

    /// <summary>The same post, sent once more.</summary>
    public static byte[] Again(byte[] message) => [.. message[..^1], .. ",\"again\":true}"u8];

    /// <summary>The post id, the same whenever the post is sent.</summary>
    public string Id(int number) => string.Create(CultureInfo.InvariantCulture, $"{_idPrefix}{number:x8}");

    public virtual string Text(PostTag tag, int? bytes = null) => string.Create(CultureInfo.InvariantCulture,
        $"{Encoding.ASCII.GetString(_run)}{tag.Number:x8}{tag.DueMicros:x10}{Encoding.ASCII.GetString(Padding(bytes))}");

    private ReadOnlySpan<byte> Padding(int? bytes) => bytes is { } length ? _padding.AsSpan(0, length - MinBytes) : _padding;

    /// <summary>The number of the post whose text begins like this; -1 when it is not one of this run. Looks at nothing else.</summary>
    /// <remarks>Done for every delivery. What is no digit gives a number that nobody has posted, or the wrong one in the order.</remarks>
    public virtual int TryReadNumber(ReadOnlySpan<byte> text)
    {
        if (text.Length < MinBytes || !text.StartsWith(_run))
        {
            return -1;
        }

        // All eight digits at once: a letter's low bits are 1 to 6 and its bit 6 is set, so it is worth 9 more.
        var digits = BinaryPrimitives.ReadUInt64BigEndian(text[6..]);
        var values = (digits & 0x0F0F0F0F0F0F0F0F) + (((digits >> 6) & 0x0101010101010101) * 9);
        values = (values | (values >> 4)) & 0x00FF00FF00FF00FF;
        values = (values | (values >> 8)) & 0x0000FFFF0000FFFF;
        return (int)(uint)(values | (values >> 16));
    }

    /// <summary>The post whose text begins like this; null when it is not one of this run.</summary>
    public virtual PostTag? TryRead(ReadOnlySpan<byte> text) =>
        text.Length >= MinBytes && text.StartsWith(_run)
        && Utf8Parser.TryParse(text[6..14], out int number, out var digits, 'x') && digits == 8
        && Utf8Parser.TryParse(text[14..24], out long due, out digits, 'x') && digits == 10
            ? new PostTag(number, due)
            : null;

    /// <summary>The number of the post with this id; null when it is not one of this run.</summary>
    public int? TryReadId(string? id) =>
        id is { Length: 32 } && id.StartsWith(_idPrefix, StringComparison.Ordinal)
        && int.TryParse(id.AsSpan(24), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
