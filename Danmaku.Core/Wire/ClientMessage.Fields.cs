using System.Text;
using System.Text.Json;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Wire;

public abstract partial record ClientMessage
{
    /// <summary>The fields of all messages, since the type may come last.</summary>
    private struct Fields
    {
        /// <summary>Of a post's id all of whose digits are written as escapes.</summary>
        private const int MaxIdBytes = 6 * PostId.TextLength;

        private const int MaxNumberBytes = 32;

        private static readonly Bad UnknownType = new("unknown_type", "This server does not know that type of message.");

        private string? _type;
        private bool _isInvalid;

        // The first invalid field of each message.
        private string? _badJoin;
        private string? _badPost;
        private string? _badClock;
        private string? _badRefresh;
        private string? _badRecall;
        private Position? _position;
        private long? _history;
        private string? _name;
        private string? _token;
        private string? _identity;
        private string? _user;
        private long? _within;
        private bool _all;
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
            else if (TryReadPost(ref json)) Blame(ref _badPost, name);
            else if (json.ValueTextEquals("position"u8)) ReadTarget(ref json);
            else if (json.ValueTextEquals("token"u8)) ReadToken(ref json);
            else if (TryReadJoin(ref json)) Blame(ref _badJoin, name);
            else if (TryReadRecall(ref json)) Blame(ref _badRecall, name);
            else if (json.ValueTextEquals("client"u8))
            {
                ReadClient(ref json);
                Blame(ref _badClock, name);
            }
            else Skip(ref json);
        }

        private bool TryReadJoin(ref Utf8JsonReader json)
        {
            if (json.ValueTextEquals("history"u8)) _history = ReadInteger(ref json);
            else if (json.ValueTextEquals("name"u8)) _name = ReadString(ref json);
            else if (json.ValueTextEquals("identity"u8)) _identity = ReadString(ref json);
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

        private bool TryReadRecall(ref Utf8JsonReader json)
        {
            if (json.ValueTextEquals("user"u8)) _user = ReadString(ref json);
            else if (json.ValueTextEquals("within"u8)) _within = ReadInteger(ref json);
            else if (json.ValueTextEquals("all"u8)) _all = ReadBoolean(ref json);
            else return false;
            return true;
        }

        /// <summary>It belongs to two messages.</summary>
        private void ReadTarget(ref Utf8JsonReader json)
        {
            ReadPosition(ref json);
            if (_isInvalid)
            {
                _badJoin ??= "position";
                _badRecall ??= "position";
                _isInvalid = false;
            }
        }

        /// <summary>It belongs to two messages.</summary>
        private void ReadToken(ref Utf8JsonReader json)
        {
            _token = ReadString(ref json);
            if (_isInvalid)
            {
                _badJoin ??= "token";
                _badRefresh ??= "token";
                _isInvalid = false;
            }
        }

        /// <summary>A field that is wrong makes only those messages invalid that it belongs to; for the others it is an unknown field.</summary>
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
            "join" => ToJoin(),
            "post" => ToPost(),
            "recall" => ToRecall(),
            "clock" => _client is not null ? new Clock(_client) : Refused(_badClock is null ? RejectReason.FieldMissing : RejectReason.FieldInvalid, "client"),
            "refresh" => _token is { Length: > 0 } token ? new Refresh(token)
                : Refused(_badRefresh is null ? RejectReason.FieldMissing : RejectReason.FieldInvalid, "token"),
            _ => UnknownType,
        };

        private readonly ClientMessage ToJoin() => _badJoin is { } bad
            ? Refused(RejectReason.FieldInvalid, bad, isJoin: true)
            : new Join(_position, (int)Math.Min(_history ?? DefaultHistory, MaxHistory), _name, _token, _identity);

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

        private readonly ClientMessage ToRecall()
        {
            if (_isInvalidId || _badRecall is not null)
            {
                return new BadPost(_id, RejectReason.FieldInvalid, _isInvalidId ? "id" : _badRecall!);
            }

            if (_id is not { } id)
            {
                return new BadPost(null, RejectReason.FieldMissing, "id");
            }

            return RecallOrder.TryMake(_position, _user, _within, _all, out var order) is var (reason, field)
                ? new BadPost(id, reason, field)
                : new Recall(id, order!, _again);
        }

        private string? ReadType(ref Utf8JsonReader json)
        {
            json.Read();

            // What nearly all messages are makes no new text.
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

        /// <returns>How many bytes; none of an escape that is half of a surrogate pair.</returns>
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

        /// <summary>A null counts as a field that is not there; anything else makes the message invalid.</summary>
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
}
