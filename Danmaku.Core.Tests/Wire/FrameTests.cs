using System.Text;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;
using Danmaku.WebSockets;
using FsCheck;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Wire;

public class FrameTests
{
    public static TheoryData<string> Names => [.. Vectors.Names("frames")];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_text_becomes_the_bytes_that_its_vector_says(string name)
    {
        var vector = Vectors.Find("frames", name);
        var payload = vector.TryGetProperty("payload", out var text)
            ? Encoding.UTF8.GetBytes(text.GetString()!)
            : Encoding.ASCII.GetBytes(new string('x', vector.GetProperty("payloadLength").GetInt32()));

        var bytes = Frame.Text(payload).Bytes.ToArray();

        var header = Convert.FromHexString(vector.GetProperty("header").GetString()!);
        Assert.Equal([.. header, .. payload], bytes);
        if (vector.TryGetProperty("frame", out var whole))
        {
            Assert.Equal(whole.GetString(), Convert.ToHexStringLower(bytes));
        }
    }

    [Property]
    public void A_text_of_any_length_is_read_back(NonNegativeInt length)
    {
        var text = new string('x', length.Item * 700);

        Assert.Equal([text], WebSocketFrames.Texts(Frame.Text(Encoding.ASCII.GetBytes(text)).Bytes.Span));
    }

    [Fact]
    public void The_heartbeat_is_an_empty_ping()
    {
        var ping = Assert.Single(WebSocketFrames.Read(ControlFrame.Ping.Bytes.Span));

        Assert.Equal((9, 0), (ping.OpCode, ping.Payload.Length));
    }

    [Property]
    public void A_plain_batch_is_one_text_message_for_each_danmaku(NonEmptyString[] texts)
    {
        var shown = texts.Select(text => TextRules.Check(text.Item, 1000, out var trimmed) is null ? trimmed : "弹幕 😀").Append("x").ToList();
        var batch = new Batch(5, default, [.. shown.Select((text, i) => new Comment(i + 1, 1, "Mei", text, CommentStyle.Default, null))]);

        var frame = WireFormat.Plain.Batch(batch);

        Assert.Equal(shown, WebSocketFrames.Texts(frame.Bytes.Span));
        Assert.Equal((batch.First, batch.Last, shown.Count), (frame.First, frame.Last, frame.Comments));
    }

    [Fact]
    public void Plain_text_has_no_other_messages()
    {
        var plain = WireFormat.Plain;
        var welcome = new Welcome(RoomId.Parse("lobby"), "n", "a", new Position(1, 0), new Position(1, 0), false, 1, TimeSpan.FromSeconds(7));

        Frame?[] frames =
        [
            plain.Welcome(welcome), plain.Ack(default, default, true), plain.Reject(null, RejectReason.Expired, null), plain.Unknown(default),
            plain.Viewers(1), plain.Skipped(1, 1, 1, []), plain.Lost(default), plain.Clock("1"u8, 1), plain.Error("a", "b"),
        ];

        Assert.All(frames, frame => Assert.Null(frame));
    }
}
