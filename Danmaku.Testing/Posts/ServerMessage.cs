using System.Text.Json;
using Danmaku.Core.Rooms;

namespace Danmaku.Testing.Posts;

/// <summary>Any message of the server in danmaku.v1.json (docs/protocol.md §4), read in full.</summary>
/// <remarks>Not thread-safe, and made to be read into again. A field that the message does not have is at its default.</remarks>
public sealed class ServerMessage
{
    private readonly List<PostTag?> _comments = [];

    public string Type { get; private set; } = "";

    /// <summary>The first danmaku of a <c>batch</c>.</summary>
    public Position First { get; private set; }

    /// <summary>Of a <c>batch</c> at offset 1; null when it says null or nothing.</summary>
    public Position? Previous { get; private set; }

    /// <summary>Of <c>welcome</c>, <c>ack</c> and <c>lost</c>.</summary>
    public Position Position { get; private set; }

    /// <summary>Of <c>skipped</c>.</summary>
    public long From { get; private set; }

    /// <summary>Of <c>skipped</c>.</summary>
    public long Through { get; private set; }

    /// <summary>Of <c>reject</c>, when trying again makes sense.</summary>
    public TimeSpan? RetryAfter { get; private set; }

    public string? Id { get; private set; }

    /// <summary>Of <c>move</c>, where it is known.</summary>
    public string? To { get; private set; }

    public string? Reason { get; private set; }

    public bool IsDurable { get; private set; }

    public bool IsLost { get; private set; }

    /// <summary>The danmaku of a <c>batch</c>: what its text says, null for one that is not of this run.</summary>
    public IReadOnlyList<PostTag?> Comments => _comments;

    /// <exception cref="InvalidDataException">This is not a message of the server.</exception>
    public void Read(ReadOnlySpan<byte> message, PostTexts texts)
    {
        Clear();
        try
        {
            var json = new Utf8JsonReader(message);
            json.Read();
            if (json.TokenType != JsonTokenType.StartObject)
            {
                throw new InvalidDataException("a message that is not a JSON object");
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                ReadField(ref json, texts);
            }
        }
        catch (Exception malformed) when (malformed is JsonException or FormatException or InvalidOperationException)
        {
            throw new InvalidDataException($"a message that is not as the protocol says: {malformed.Message}", malformed);
        }
    }

    private void Clear()
    {
        (Type, Id, To, Reason, RetryAfter, From, Through, IsDurable, IsLost) = ("", null, null, null, null, 0, 0, false, false);
        (First, Previous, Position) = (Position.None, null, Position.None);
        _comments.Clear();
    }

    private void ReadField(ref Utf8JsonReader json, PostTexts texts)
    {
        if (Is(ref json, "type"u8))
        {
            Type = json.ValueTextEquals("batch"u8) ? "batch" : json.GetString()!;
        }
        else if (Is(ref json, "epoch"u8))
        {
            First = First with { Epoch = json.GetInt64() };
        }
        else if (Is(ref json, "offset"u8))
        {
            First = First with { Offset = json.GetInt64() };
        }
        else if (Is(ref json, "comments"u8))
        {
            ReadComments(ref json, texts);
        }
        else if (Is(ref json, "position"u8))
        {
            Position = ReadPosition(ref json);
        }
        else if (Is(ref json, "previous"u8))
        {
            Previous = json.TokenType == JsonTokenType.Null ? null : ReadPosition(ref json);
        }
        else
        {
            ReadAnswerField(ref json);
        }
    }

    /// <summary>Fields that a <c>batch</c> does not have.</summary>
    private void ReadAnswerField(ref Utf8JsonReader json)
    {
        if (Is(ref json, "id"u8))
        {
            Id = json.GetString();
        }
        else if (Is(ref json, "to"u8))
        {
            To = json.GetString();
        }
        else if (Is(ref json, "reason"u8))
        {
            Reason = json.GetString();
        }
        else if (Is(ref json, "from"u8))
        {
            From = json.GetInt64();
        }
        else if (Is(ref json, "through"u8))
        {
            Through = json.GetInt64();
        }
        else if (Is(ref json, "retryAfter"u8))
        {
            RetryAfter = TimeSpan.FromMilliseconds(json.GetInt64());
        }
        else if (Is(ref json, "durable"u8))
        {
            IsDurable = json.GetBoolean();
        }
        else if (Is(ref json, "lost"u8))
        {
            IsLost = json.GetBoolean();
        }
        else
        {
            json.Skip();
        }
    }

    /// <summary>Steps from the name to the value if the name is this one.</summary>
    private static bool Is(ref Utf8JsonReader json, ReadOnlySpan<byte> name) =>
        json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals(name) && json.Read();

    private void ReadComments(ref Utf8JsonReader json, PostTexts texts)
    {
        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            PostTag? tag = null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (Is(ref json, "text"u8))
                {
                    tag = texts.TryRead(json.ValueSpan);
                }
                else
                {
                    json.Skip();
                }
            }

            _comments.Add(tag);
        }
    }

    private static Position ReadPosition(ref Utf8JsonReader json)
    {
        var position = Position.None;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (Is(ref json, "epoch"u8))
            {
                position = position with { Epoch = json.GetInt64() };
            }
            else if (Is(ref json, "offset"u8))
            {
                position = position with { Offset = json.GetInt64() };
            }
            else
            {
                json.Skip();
            }
        }

        return position;
    }
}
