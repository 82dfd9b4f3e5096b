using System.Text.Json;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Wire;

/// <summary>A client's message in <c>danmaku.v1.json</c>, read and checked field by field (docs/protocol.md §4).</summary>
public abstract partial record ClientMessage
{
    /// <summary>How many of the newest danmaku a viewer gets by default.</summary>
    public const int DefaultHistory = 50;

    /// <summary>Most danmaku that it can ask for.</summary>
    public const int MaxHistory = 200;

    /// <summary>The content of unknown fields is skipped at any depth; the message's length bounds it.</summary>
    private static readonly JsonReaderOptions AnyDepth = new() { MaxDepth = int.MaxValue };

    private ClientMessage()
    {
    }

    /// <param name="Identity">What the client has kept of the server's <c>welcome</c>.</param>
    public sealed record Join(Position? Position, int History, string? Name, string? Token, string? Identity = null) : ClientMessage;

    /// <summary>A new token of the same person, before the one it has ends.</summary>
    public sealed record Refresh(string Token) : ClientMessage;

    /// <summary>A post whose fields are valid; its text is checked elsewhere.</summary>
    /// <param name="Again">It was sent before, and the client does not know its outcome.</param>
    public sealed record Post(PostId Id, string Text, CommentStyle Style, long? At, bool Again = false) : ClientMessage;

    /// <summary>A moderator takes something back; whether this one may is not decided here.</summary>
    /// <param name="Again">As that of a post.</param>
    public sealed record Recall(PostId Id, RecallOrder Order, bool Again = false) : ClientMessage;

    /// <param name="Client">The client's number, as it wrote it.</param>
    public sealed record Clock(byte[] Client) : ClientMessage;

    /// <summary>An invalid post: answered with <c>reject</c>.</summary>
    /// <param name="Field">The field that is missing or invalid.</param>
    public sealed record BadPost(PostId? Id, RejectReason Reason, string Field) : ClientMessage;

    /// <summary>Not understood: answered with <c>error</c>, or with <see cref="CloseReason.BadJoin"/> when a join was expected.</summary>
    /// <param name="IsJoin">Whether it was a join.</param>
    public sealed record Bad(string Reason, string Message, bool IsJoin = false) : ClientMessage;

    /// <summary>Not a message at all: the connection is closed with <see cref="CloseReason.Malformed"/>.</summary>
    public sealed record Malformed : ClientMessage;

    /// <summary>Reads one message. Never throws: any bytes give one of the records of this type.</summary>
    public static ClientMessage Read(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var fields = new Fields();
            var json = new Utf8JsonReader(utf8, AnyDepth);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                return new Malformed();
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                fields.Read(ref json);
            }

            return json.Read() ? new Malformed() : fields.ToMessage();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The reader throws the latter for a field name that has half of a surrogate pair.
            return new Malformed();
        }
    }

    /// <summary>Reads how a danmaku should look; absent fields take their defaults.</summary>
    /// <returns>Null, or the field that is wrong: a name that is unknown, or a colour that is not <c>#rrggbb</c>.</returns>
    public static string? TryReadStyle(string? mode, string? color, string? size, out CommentStyle style)
    {
        style = CommentStyle.Default;
        var modeIndex = mode is null ? (int)style.Mode : IndexOf(JsonFormat.ModeNames, mode);
        var sizeIndex = size is null ? (int)style.Size : IndexOf(JsonFormat.SizeNames, size);
        if (modeIndex < 0 || sizeIndex < 0 || !TryReadColor(color, out var rgb))
        {
            return modeIndex < 0 ? nameof(mode) : sizeIndex < 0 ? nameof(size) : nameof(color);
        }

        style = new CommentStyle((CommentMode)modeIndex, rgb, (CommentSize)sizeIndex);
        return null;
    }

    private static bool TryReadColor(string? text, out int color)
    {
        color = CommentStyle.White;
        return text is null
            || (text is ['#', .. { Length: 6 } digits]
                && digits.All(char.IsAsciiHexDigit)
                && int.TryParse(digits, System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out color));
    }

    private static int IndexOf(IReadOnlyList<string> names, string name)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (names[i] == name)
            {
                return i;
            }
        }

        return -1;
    }
}
