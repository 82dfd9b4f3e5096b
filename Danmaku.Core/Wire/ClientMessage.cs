using System.Text;
using System.Text.Json;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Wire;

/// <summary>A client's message in <c>danmaku.v1.json</c>, read and checked field by field (docs/protocol.md §4).</summary>
public abstract record ClientMessage
{
    /// <summary>How many of the newest danmaku a viewer gets by default.</summary>
    public const int DefaultHistory = 50;

    /// <summary>Most danmaku that it can ask for.</summary>
    public const int MaxHistory = 200;

    private const int MaxNumberBytes = 32;

    /// <summary>The content of unknown fields is skipped at any depth; the message's length bounds it.</summary>
    private static readonly JsonReaderOptions AnyDepth = new() { MaxDepth = int.MaxValue };

    /// <summary>The length of a post id whose digits are all written as escapes.</summary>
    private const int MaxIdBytes = 6 * PostId.TextLength;

    private ClientMessage()
    {
    }

    public sealed record Join(Position? Position, int History, string? Name, string? Token) : ClientMessage;

    /// <summary>A post whose fields are valid; its text is checked elsewhere.</summary>
    /// <param name="Again">It was sent before, and the client does not know its outcome.</param>
    public sealed record Post(PostId Id, string Text, CommentStyle Style, long? At, bool Again = false) : ClientMessage;

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

    /// <summary>The fields of all message types, because the type may come last.</summary>
    private struct Fields
    {
        private static readonly Bad UnknownType = new("unknown_type", "This server does not know that type of message.");

        private string? _type;
        private bool _isInvalid;

        // The first invalid field of each message.
        private string? _badJoin;
        private string? _badPost;
        private string? _badClock;
        private Position? _position;
        private long? _history;
        private string? _name;
        private string? _token;
        private PostId? _id;
        private bool _isInvalidId;
        private string? _text;
        private string? _mode;
        private string? _color;
        private string? _size;
        private bool _again;
        private long? _at;
        private byte[]? _client;

        public void Read(ref Utf8JsonReader json)
        {
            var name = json.ValueSpan;
            if (json.ValueTextEquals("type"u8)) _type = ReadType(ref json);
            else if (TryReadJoin(ref json)) Blame(ref _badJoin, name);
            else if (TryReadPost(ref json)) Blame(ref _badPost, name);
            else if (json.ValueTextEquals("client"u8))
            {
                ReadClient(ref json);
                Blame(ref _badClock, name);
            }
            else Skip(ref json);
        }

        private bool TryReadJoin(ref Utf8JsonReader json)
        {
            if (json.ValueTextEquals("position"u8)) ReadPosition(ref json);
            else if (json.ValueTextEquals("history"u8)) _history = ReadInteger(ref json);
            else if (json.ValueTextEquals("name"u8)) _name = ReadString(ref json);
            else if (json.ValueTextEquals("token"u8)) _token = ReadString(ref json);
            else return false;
            return true;
        }

        private bool TryReadPost(ref Utf8JsonReader json)
        {
            if (json.ValueTextEquals("id"u8)) ReadId(ref json);
            else if (json.ValueTextEquals("text"u8)) _text = ReadString(ref json);
            else if (json.ValueTextEquals("mode"u8)) _mode = ReadString(ref json);
            else if (json.ValueTextEquals("color"u8)) _color = ReadString(ref json);
            else if (json.ValueTextEquals("size"u8)) _size = ReadString(ref json);
            else if (json.ValueTextEquals("at"u8)) _at = ReadInteger(ref json);
            else if (json.ValueTextEquals("again"u8)) _again = ReadBoolean(ref json);
            else return false;
            return true;
        }

        /// <summary>An invalid field makes only messages invalid that have this field; for others it is an unknown field.</summary>
        private void Blame(ref string? bad, ReadOnlySpan<byte> name)
        {
            if (_isInvalid)
            {
                bad ??= Encoding.UTF8.GetString(name);
                _isInvalid = false;
            }
        }

        public readonly ClientMessage ToMessage() => _type switch
        {
            null => new Malformed(),
            "join" => _badJoin is { } bad
                ? Refused(RejectReason.FieldInvalid, bad, isJoin: true)
                : new Join(_position, (int)Math.Min(_history ?? DefaultHistory, MaxHistory), _name, _token),
            "post" => ToPost(),
            "clock" => _client is not null ? new Clock(_client) : Refused(_badClock is null ? RejectReason.FieldMissing : RejectReason.FieldInvalid, "client"),
            _ => UnknownType,
        };

        private static Bad Refused(RejectReason reason, string field, bool isJoin = false) => new(reason.Name(), reason.Message(field), isJoin);

        private readonly ClientMessage ToPost()
        {
            if (_isInvalidId || _badPost is not null)
            {
                return new BadPost(_id, RejectReason.FieldInvalid, _isInvalidId ? "id" : _badPost!);
            }

            if (_id is not { } id || _text is null)
            {
                return new BadPost(_id, RejectReason.FieldMissing, _id is null ? "id" : "text");
            }

            return TryReadStyle(_mode, _color, _size, out var style) is { } field
                ? new BadPost(id, RejectReason.FieldInvalid, field)
                : new Post(id, _text, style, _at, _again);
        }

        private string? ReadType(ref Utf8JsonReader json)
        {
            json.Read();

            // Nearly all messages take this way, which allocates no string.
            return json.TokenType == JsonTokenType.String && json.ValueTextEquals("post"u8) ? "post" : StringOf(ref json);
        }

        private void ReadId(ref Utf8JsonReader json)
        {
            json.Read();
            (_id, _isInvalidId) = (null, false);
            if (json.TokenType != JsonTokenType.String)
            {
                Refuse<object>(ref json);
                return;
            }

            Span<byte> text = stackalloc byte[MaxIdBytes];
            if (json.ValueSpan.Length <= MaxIdBytes && PostId.TryParse(text[..Copy(ref json, text)], out var id))
            {
                _id = id;
            }
            else
            {
                _isInvalidId = true;
            }
        }

        /// <returns>The number of bytes; 0 for an escape that is half of a surrogate pair.</returns>
        private static int Copy(ref Utf8JsonReader json, scoped Span<byte> text)
        {
            try
            {
                return json.CopyString(text);
            }
            catch (InvalidOperationException)
            {
                return 0;
            }
        }

        private string? ReadString(ref Utf8JsonReader json)
        {
            json.Read();
            return StringOf(ref json);
        }

        private string? StringOf(ref Utf8JsonReader json)
        {
            if (json.TokenType == JsonTokenType.String)
            {
                try
                {
                    return json.GetString();
                }
                catch (InvalidOperationException)
                {
                    // An escape that is half of a surrogate pair.
                }
            }

            return Refuse<string>(ref json);
        }

        private long? ReadInteger(ref Utf8JsonReader json)
        {
            json.Read();
            if (JsonIntegers.TryRead(ref json, out var value) && value is >= 0 and <= Position.MaxInteger)
            {
                return value;
            }

            Refuse<object>(ref json);
            return null;
        }

        private bool ReadBoolean(ref Utf8JsonReader json)
        {
            json.Read();
            if (json.TokenType is JsonTokenType.True or JsonTokenType.False)
            {
                return json.GetBoolean();
            }

            Refuse<object>(ref json);
            return false;
        }

        private void ReadPosition(ref Utf8JsonReader json)
        {
            json.Read();
            if (json.TokenType != JsonTokenType.StartObject)
            {
                Refuse<object>(ref json);
                return;
            }

            long? epoch = null, offset = null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("epoch"u8)) epoch = ReadInteger(ref json);
                else if (json.ValueTextEquals("offset"u8)) offset = ReadInteger(ref json);
                else Skip(ref json);
            }

            if (epoch is > 0 && offset is not null)
            {
                _position = new Position(epoch.Value, offset.Value);
                return;
            }

            _isInvalid = true;
        }

        private void ReadClient(ref Utf8JsonReader json)
        {
            json.Read();
            if (json.TokenType == JsonTokenType.Number && json.ValueSpan.Length <= MaxNumberBytes)
            {
                _client = json.ValueSpan.ToArray();
                return;
            }

            Refuse<object>(ref json);
        }

        /// <summary>A null counts as an absent field; any other type makes the message invalid.</summary>
        private T? Refuse<T>(ref Utf8JsonReader json)
            where T : class
        {
            _isInvalid |= json.TokenType != JsonTokenType.Null;
            json.Skip();
            return null;
        }

        private static void Skip(ref Utf8JsonReader json)
        {
            json.Read();
            json.Skip();
        }
    }

    /// <summary>Reads the style of a danmaku; absent fields take their defaults.</summary>
    /// <returns>Null, or the invalid field: an unknown name, or a colour that is not <c>#rrggbb</c>.</returns>
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
