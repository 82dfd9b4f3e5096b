using System.Text;
using System.Text.Json;
using Danmaku.Core.Identities;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;
using FsCheck;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Wire;

public class JsonFormatTests
{
    public static TheoryData<string> Names => [.. Vectors.Names("server-messages")];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_message_is_written_exactly_as_its_vector_says(string name)
    {
        var vector = Vectors.Find("server-messages", name);

        var frame = Write(vector.GetProperty("message"));

        Assert.Equal(vector.GetProperty("text").GetString(), Assert.Single(WebSocketFrames.Texts(frame.Bytes.Span)));
    }

    [Fact]
    public void A_wait_is_rounded_up_so_that_nobody_comes_back_too_early()
    {
        var frame = WireFormat.Json.Reject(null, RejectReason.RoomBusy, TimeSpan.FromMilliseconds(1.2))!;

        Assert.Equal(2, Message(frame).GetProperty("retryAfter").GetInt64());
    }

    [Fact]
    public void Every_refusal_can_be_said()
    {
        foreach (var reason in Enum.GetValues<RejectReason>())
        {
            var message = Message(WireFormat.Json.Reject(new PostId(1), reason, null)!);

            Assert.Equal(reason.Name(), message.GetProperty("reason").GetString());
            Assert.False(message.TryGetProperty("retryAfter", out _));
        }
    }

    [Fact]
    public void A_batch_knows_which_danmaku_it_carries()
    {
        var batch = new Batch(5, default, [Make(7, "a"), Make(8, "b")]);

        var frame = WireFormat.Json.Batch(batch);

        Assert.True(frame.IsBatch);
        Assert.Equal((batch.First, batch.Last, 2), (frame.First, frame.Last, frame.Comments));
        Assert.False(WireFormat.Json.Viewers(1)!.IsBatch);
        Assert.Equal(0, WireFormat.Json.Viewers(1)!.Comments);
    }

    [Property(MaxTest = 500)]
    public void Every_valid_text_is_read_back_unchanged(string[] texts, byte mode, byte size, int color, long? at)
    {
        var style = new CommentStyle((CommentMode)(mode % 4), color & 0xffffff, (CommentSize)(size % 3));
        var comments = texts
            .Select(text => TextRules.Check(text ?? "", 1000, out var trimmed) is null ? trimmed : "x")
            .Append("😀\"\\</script>\u2029"[..^1])
            .Select((text, index) => new Comment(index + 1, index, text, text, style, at & Position.MaxInteger))
            .ToList();

        var message = Message(WireFormat.Json.Batch(new Batch(9, new Position(8, 3), comments)));

        Assert.Equal(comments, message.GetProperty("comments").EnumerateArray().Select((json, index) => ReadComment(index + 1, json)));
        Assert.Equal(new Position(8, 3), ReadPosition(message.GetProperty("previous")));
        Assert.Equal(1, message.GetProperty("offset").GetInt64());
    }

    [Fact]
    public void A_frame_is_never_changed_by_the_next()
    {
        var first = WireFormat.Json.Viewers(1)!;
        var before = first.Bytes.ToArray();

        WireFormat.Json.Viewers(987_654_321);

        Assert.Equal(before, first.Bytes.ToArray());
    }

    [Fact]
    public void A_format_is_found_at_its_index() =>
        Assert.Equal(WireFormat.All, WireFormat.All.OrderBy(format => format.Index));

    [Fact]
    public void A_batch_is_encoded_once_for_each_format()
    {
        var frames = new DeliveryFrames(new Batch(5, default, [Make(1, "a")]));

        Assert.Same(frames.For(WireFormat.Json), frames.For(WireFormat.Json));
        Assert.NotSame(frames.For(WireFormat.Json), frames.For(WireFormat.Plain));
    }

    private static Comment Make(long offset, string text) => new(offset, 1, "Mei", text, CommentStyle.Default, null);

    private static JsonElement Message(Frame frame) => JsonElement.Parse(Assert.Single(WebSocketFrames.Texts(frame.Bytes.Span)));

    /// <summary>Says what a vector says, through the format under test.</summary>
    private static Frame Write(JsonElement message)
    {
        var json = WireFormat.Json;
        return message.GetProperty("type").GetString() switch
        {
            "welcome" => json.Welcome(new Welcome(
                RoomId.Parse(Text("room")!), Text("node")!, Text("name")!, ReadPosition(message.GetProperty("position")),
                ReadPosition(message.GetProperty("head")), message.GetProperty("lost").GetBoolean(), Number("viewers"), TimeSpan.FromMilliseconds(Number("heartbeat")))
            {
                Identity = Text("identity"),
            }),
            "batch" => json.Batch(new Batch(
                Number("epoch"),
                message.TryGetProperty("previous", out var previous) ? ReadPosition(previous) : default,
                [.. message.GetProperty("comments").EnumerateArray().Select((comment, i) => ReadComment(Number("offset") + i, comment))])),
            "ack" => json.Ack(Id()!.Value, ReadPosition(message.GetProperty("position")), message.GetProperty("durable").GetBoolean()),
            "reject" => json.Reject(
                Id(),
                Enum.GetValues<RejectReason>().Single(reason => reason.Name() == Text("reason")),
                message.TryGetProperty("retryAfter", out var wait) ? TimeSpan.FromMilliseconds(wait.GetInt64()) : null),
            "unknown" => json.Unknown(Id()!.Value),
            "viewers" => json.Viewers(Number("count")),
            "skipped" => json.Skipped(
                Number("epoch"), Number("from"), Number("through"),
                message.TryGetProperty("recalls", out var recalls) ? [.. recalls.EnumerateArray().Select(ReadRecall)] : []),
            "lost" => json.Lost(ReadPosition(message.GetProperty("position"))),
            "move" => json.Move(Text("to") is { } to ? new Uri(to) : null),
            "clock" => json.Clock(Encoding.ASCII.GetBytes(message.GetProperty("client").GetRawText()), Number("server")),
            "token_expiring" => json.TokenExpiring(TimeSpan.FromMilliseconds(Number("within"))),
            "error" => json.Error(Text("reason")!, Text("message")!),
            var type => throw new InvalidDataException($"The server does not say {type}"),
        } ?? throw new InvalidDataException("no word for it");

        string? Text(string name) => message.TryGetProperty(name, out var value) ? value.GetString() : null;

        long Number(string name) => message.GetProperty(name).GetInt64();

        PostId? Id() => PostId.TryParse(Text("id"), out var id) ? id : null;
    }

    private static Position ReadPosition(JsonElement json) =>
        json.ValueKind == JsonValueKind.Null ? default : new Position(json.GetProperty("epoch").GetInt64(), json.GetProperty("offset").GetInt64());

    private static Comment ReadComment(long offset, JsonElement json)
    {
        Assert.Null(ClientMessage.TryReadStyle(Text("mode"), Text("color"), Text("size"), out var style));
        long? at = json.TryGetProperty("at", out var media) ? media.GetInt64() : null;
        return new Comment(offset, json.GetProperty("time").GetInt64(), Text("name")!, Text("text")!, style, at)
        {
            User = Text("user") is { } user ? ReadUser(user) : default,
            Role = Text("role") is { } role ? Enum.GetValues<Role>().Single(known => known.Name() == role) : Role.Viewer,
            Recall = json.TryGetProperty("recall", out var recall) ? ReadRecall(recall) : null,
        };

        string? Text(string name) => json.TryGetProperty(name, out var value) ? value.GetString() : null;
    }

    private static Recall ReadRecall(JsonElement json) =>
        json.TryGetProperty("offset", out _) ? new Recall.One(ReadPosition(json))
        : json.TryGetProperty("user", out var user) ? new Recall.Person(ReadUser(user.GetString()!), json.GetProperty("since").GetInt64())
        : Recall.Everything.Instance;

    private static UserId ReadUser(string text) => new UserId(System.Buffers.Text.Base64Url.DecodeFromChars(text));
}
