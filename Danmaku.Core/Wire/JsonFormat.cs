using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Danmaku.Core.Identities;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Wire;

/// <summary>The server's messages in <c>danmaku.v1.json</c> (docs/protocol.md §4).</summary>
/// <param name="index">Its place in <see cref="WireFormat.All"/>.</param>
public class JsonFormat(int index) : WireFormat
{
    internal static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Characters that JSON requires to be escaped (RFC 8259 §7).</summary>
    private static readonly SearchValues<char> Escaped =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(c => (char)c), '"', '\\']);

    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer)? _scratch;

    public override string? Subprotocol => "danmaku.v1.json";

    public override int Index => index;

    public override WireFormat? Deflated => DeflatedJson;

    public override bool CanSkip => true;

    public override bool HasJoin => true;

    public override Frame Batch(Batch batch) => Frame.Text(Write(batch, static (json, batch) =>
    {
        json.WriteString("type", "batch");
        json.WriteNumber("epoch", batch.Epoch);
        json.WriteNumber("offset", batch.First.Offset);
        if (batch.First.Offset == 1)
        {
            WritePosition(json, "previous", batch.Previous);
        }

        json.WriteStartArray("comments");
        foreach (var comment in batch.Comments)
        {
            WriteComment(json, comment);
        }

        json.WriteEndArray();
    }), batch);

    public override Frame Welcome(Welcome welcome) => Encode(welcome, static (json, welcome) =>
    {
        json.WriteString("type", "welcome");
        json.WriteString("room", welcome.Room.Value);
        json.WriteString("node", welcome.Node);
        WriteText(json, "name", welcome.Name);
        WritePosition(json, "position", welcome.Position);
        WritePosition(json, "head", welcome.Head);
        json.WriteBoolean("lost", welcome.IsLost);
        json.WriteNumber("viewers", welcome.Viewers);
        json.WriteNumber("heartbeat", (long)welcome.Heartbeat.TotalMilliseconds);
        if (welcome.Identity is { } identity)
        {
            json.WriteString("identity", identity);
        }

        WriteSource(json, welcome.User, welcome.Role);
    });

    public override Frame Ack(PostId id, Position position, bool isDurable) => Encode((id, position, isDurable), static (json, ack) =>
    {
        json.WriteString("type", "ack");
        WriteId(json, ack.id);
        WritePosition(json, "position", ack.position);
        json.WriteBoolean("durable", ack.isDurable);
    });

    public override Frame Reject(PostId? id, RejectReason reason, TimeSpan? retryAfter, string? field = null, string? message = null) => Encode(
        (id, reason, retryAfter, field, message), static (json, reject) =>
    {
        json.WriteString("type", "reject");
        if (reject.id is { } id)
        {
            WriteId(json, id);
        }

        json.WriteString("reason", reject.reason.Name());
        if (reject.retryAfter is { } wait)
        {
            json.WriteNumber("retryAfter", (long)Math.Ceiling(wait.TotalMilliseconds));
        }

        json.WriteString("message", reject.message ?? reject.reason.Message(reject.field));
    });

    public override Frame Unknown(PostId id) => Encode(id, static (json, id) =>
    {
        json.WriteString("type", "unknown");
        WriteId(json, id);
    });

    public override Frame Viewers(long count) => Encode(count, static (json, count) =>
    {
        json.WriteString("type", "viewers");
        json.WriteNumber("count", count);
    }).AsReplaceable();

    public override Frame Skipped(long epoch, long from, long through, IReadOnlyList<Recall> recalls) => Encode(
        (epoch, from, through, recalls), static (json, skipped) =>
    {
        json.WriteString("type", "skipped");
        json.WriteNumber("epoch", skipped.epoch);
        json.WriteNumber("from", skipped.from);
        json.WriteNumber("through", skipped.through);
        json.WriteNumber("count", skipped.through - skipped.from + 1);
        if (skipped.recalls.Count > 0)
        {
            json.WriteStartArray("recalls");
            foreach (var recall in skipped.recalls)
            {
                WriteRecall(json, recall);
            }

            json.WriteEndArray();
        }
    });

    public override Frame Lost(Position position) => Encode(position, static (json, position) =>
    {
        json.WriteString("type", "lost");
        WritePosition(json, "position", position);
    });

    public override Frame Move(Uri? to) => Encode(to, static (json, to) =>
    {
        json.WriteString("type", "move");
        if (to is not null)
        {
            json.WriteString("to", to.AbsoluteUri);
        }
    });

    public override Frame Clock(ReadOnlySpan<byte> client, long server) =>
        Encode((Client: Encoding.ASCII.GetString(client), Server: server), static (json, clock) =>
        {
            json.WriteString("type", "clock");
            json.WritePropertyName("client");
            json.WriteRawValue(clock.Client);
            json.WriteNumber("server", clock.Server);
        });

    public override Frame TokenExpiring(TimeSpan within) => Encode(within, static (json, within) =>
    {
        json.WriteString("type", "token_expiring");
        json.WriteNumber("within", Math.Max(0, (long)within.TotalMilliseconds));
    });

    public override Frame Error(string reason, string message) => Encode((reason, message), static (json, error) =>
    {
        json.WriteString("type", "error");
        json.WriteString("reason", error.reason);
        json.WriteString("message", error.message);
    });

    /// <summary>One entry of a batch, or of a segment of the history.</summary>
    internal static void WriteComment(Utf8JsonWriter json, Comment comment)
    {
        json.WriteStartObject();
        json.WriteNumber("time", comment.Time);
        WriteText(json, "name", comment.Author);
        WriteText(json, "text", comment.Text);
        if (comment.Style.Mode != CommentMode.Scroll)
        {
            json.WriteString("mode", ModeNames[(int)comment.Style.Mode]);
        }

        if (comment.Style.Color != CommentStyle.White)
        {
            json.WriteString("color", "#" + comment.Style.Color.ToString("x6", CultureInfo.InvariantCulture));
        }

        if (comment.Style.Size != CommentSize.Medium)
        {
            json.WriteString("size", SizeNames[(int)comment.Style.Size]);
        }

        if (comment.At is { } at)
        {
            json.WriteNumber("at", at);
        }

        WriteSource(json, comment.User, comment.Role);
        if (comment.Recall is { } recall)
        {
            json.WritePropertyName("recall");
            WriteRecall(json, recall);
        }

        json.WriteEndObject();
    }

    private static void WriteSource(Utf8JsonWriter json, UserId user, Role role)
    {
        if (!user.IsNone)
        {
            json.WriteString("user", user.ToString());
        }

        if (role != Role.Viewer)
        {
            json.WriteString("role", role.Name());
        }
    }

    private static void WriteRecall(Utf8JsonWriter json, Recall recall)
    {
        json.WriteStartObject();
        switch (recall)
        {
            case Recall.One one:
                json.WriteNumber("epoch", one.Target.Epoch);
                json.WriteNumber("offset", one.Target.Offset);
                break;
            case Recall.Person person:
                json.WriteString("user", person.User.ToString());
                json.WriteNumber("since", person.Since);
                break;
            default:
                json.WriteBoolean("all", true);
                break;
        }

        json.WriteEndObject();
    }

    /// <summary>The names of <see cref="CommentMode"/>, by number.</summary>
    public static readonly IReadOnlyList<string> ModeNames = ["scroll", "top", "bottom", "reverse"];

    /// <summary>The names of <see cref="CommentSize"/>, by number.</summary>
    public static readonly IReadOnlyList<string> SizeNames = ["small", "medium", "large"];

    /// <summary>
    /// Writes a user's text. It is never put into HTML unchanged, so only characters that JSON requires are escaped; the writer's default would make twelve
    /// bytes of each emoji.
    /// </summary>
    private static void WriteText(Utf8JsonWriter json, string name, string text)
    {
        if (text.AsSpan().ContainsAny(Escaped))
        {
            text = Escape(text);
        }

        var length = Encoding.UTF8.GetMaxByteCount(text.Length) + 2;
        var rented = length <= 1024 ? null : ArrayPool<byte>.Shared.Rent(length);
        var quoted = rented ?? stackalloc byte[1024];
        quoted[0] = (byte)'"';
        length = 1 + Encoding.UTF8.GetBytes(text, quoted[1..]);
        quoted[length++] = (byte)'"';
        json.WritePropertyName(name);
        json.WriteRawValue(quoted[..length], skipInputValidation: true);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 8);
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' or '\\' => escaped.Append('\\').Append(c),
                < ' ' => escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    private static void WriteId(Utf8JsonWriter json, PostId id)
    {
        Span<byte> text = stackalloc byte[PostId.TextLength];
        id.Write(text);
        json.WriteString("id", text);
    }

    private static void WritePosition(Utf8JsonWriter json, string name, Position position)
    {
        if (position.IsNone)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        json.WriteNumber("epoch", position.Epoch);
        json.WriteNumber("offset", position.Offset);
        json.WriteEndObject();
    }

    private static Frame Encode<T>(T value, Action<Utf8JsonWriter, T> write) => Frame.Text(Write(value, write));

    /// <returns>One JSON object; valid until the next call on this thread.</returns>
    private static ReadOnlySpan<byte> Write<T>(T value, Action<Utf8JsonWriter, T> write)
    {
        if (_scratch is not { } scratch)
        {
            var buffer = new ArrayBufferWriter<byte>(4096);
            _scratch = scratch = (buffer, new Utf8JsonWriter(buffer, Options));
        }

        scratch.Buffer.ResetWrittenCount();
        scratch.Writer.Reset();
        scratch.Writer.WriteStartObject();
        write(scratch.Writer, value);
        scratch.Writer.WriteEndObject();
        scratch.Writer.Flush();
        return scratch.Buffer.WrittenSpan;
    }
}
