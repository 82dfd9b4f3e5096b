using System.Text;
using System.Text.Json;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;
using FsCheck;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Wire;

public class ClientMessageTests
{
    private const string Id = "00112233445566778899aabbccddeeff";

    public static TheoryData<string> Names => [.. Vectors.Names("client-messages")];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_message_is_read_as_its_vector_says(string name)
    {
        var vector = Vectors.Find("client-messages", name);

        var message = Read(vector.GetProperty("text").GetString()!);

        if (vector.TryGetProperty("reads", out var reads))
        {
            Assert.True(JsonElement.DeepEquals(reads, JsonElement.Parse(Write(message))), Write(message));
        }
        else
        {
            Assert.Equal(Expected(vector), message);
        }
    }

    [Theory]
    [InlineData("position", "7")]
    [InlineData("history", "-1")]
    [InlineData("name", "{}")]
    [InlineData("token", "[1]")]
    [InlineData("identity", "{}")]
    [InlineData("client", "\"x\"")]
    [InlineData("viewers", "1")]
    [InlineData("user", "7")]
    [InlineData("within", "-1")]
    [InlineData("all", "{}")]
    public void A_post_ignores_fields_that_are_not_its_own(string field, string value)
    {
        var message = Read($$"""{"type":"post","id":"{{Id}}","text":"hi","{{field}}":{{value}}}""");

        Assert.IsType<ClientMessage.Post>(message);
    }

    [Theory]
    [InlineData("id", "7")]
    [InlineData("at", "-1")]
    [InlineData("color", "null")]
    [InlineData("text", "{\"text\":{}}")]
    public void Other_messages_ignore_the_fields_of_a_post(string field, string value)
    {
        Assert.IsType<ClientMessage.Join>(Read($$"""{"{{field}}":{{value}},"type":"join"}"""));
        Assert.IsType<ClientMessage.Clock>(Read($$"""{"{{field}}":{{value}},"type":"clock","client":1}"""));
    }

    [Theory]
    [InlineData("#ff880")]
    [InlineData("#ff88000")]
    [InlineData("ff8800")]
    [InlineData("#gg8800")]
    [InlineData("# f8800")]
    [InlineData("#+f8800")]
    [InlineData("#ff88\\u0000\\u0000")]
    [InlineData("")]
    public void A_colour_is_six_hexadecimal_digits_and_nothing_else(string color)
    {
        var message = Read($$"""{"type":"post","id":"{{Id}}","text":"hi","color":"{{color}}"}""");

        Assert.Equal(RejectReason.FieldInvalid, Assert.IsType<ClientMessage.BadPost>(message).Reason);
    }

    [Theory]
    [InlineData("\\u0030\\u0030112233445566778899aabbccddeeff", true)]
    [InlineData("00112233445566778899aabbccddee\\ud83d", false)]
    [InlineData("00112233445566778899AABBCCDDEEFF", false)]
    [InlineData("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", false)]
    [InlineData("", false)]
    public void An_id_is_read_however_it_is_escaped(string id, bool isOne)
    {
        var message = Read($$"""{"type":"post","id":"{{id}}","text":"hi"}""");

        if (isOne)
        {
            Assert.Equal("00112233445566778899aabbccddeeff", Assert.IsType<ClientMessage.Post>(message).Id.ToString());
        }
        else
        {
            Assert.Equal((null, RejectReason.FieldInvalid), Assert.IsType<ClientMessage.BadPost>(message) is var bad ? (bad.Id, bad.Reason) : default);
        }
    }

    [Fact]
    public void An_id_all_of_whose_digits_are_escaped_is_one() =>
        Assert.Equal(Id, Assert.IsType<ClientMessage.Post>(
            Read($$"""{"type":"post","id":"{{string.Concat(Id.Select(c => $"\\u{(int)c:x4}"))}}","text":"hi"}""")).Id.ToString());

    [Theory]
    [InlineData("""{"\ud83d":1,"type":"join"}""")]
    [InlineData("""{"\udc00":1,"type":"join"}""")]
    [InlineData("""{"type":"join","position":{"\ud83d":1,"epoch":1,"offset":0}}""")]
    public void A_field_whose_name_is_half_of_a_pair_is_no_reason_to_throw(string text) => Read(text);

    [Fact]
    public void A_number_of_the_client_comes_back_as_it_was_written() =>
        Assert.Equal("1.50e3"u8, Assert.IsType<ClientMessage.Clock>(Read("""{"type":"clock","client":1.50e3}""")).Client);

    [Fact]
    public void A_number_of_the_client_may_not_be_endless() =>
        Assert.IsType<ClientMessage.Bad>(Read($$"""{"type":"clock","client":{{new string('1', 33)}}}"""));

    [Property(MaxTest = 2000)]
    public void Reading_any_bytes_never_throws(byte[] bytes) => Assert.NotNull(ClientMessage.Read(bytes));

    [Property(MaxTest = 2000)]
    public void Reading_any_object_never_throws(DoNotSize<int> seed)
    {
        string[] pieces =
        [
            "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "\\ud83d", "\\udc00", "null", "true", "-1", "1e9", "9007199254740993", "\"type\"",
            "\"join\"", "\"post\"", "\"clock\"", "\"position\"", "\"epoch\"", "\"offset\"", "\"id\"", "\"text\"", "\"at\"", "\"color\"", "\"x\"",
            "\"ty\\u0070e\"", "\"\\ud83d\"", "\"client\"", "\0", "\u2028", "//", "/*",
        ];
        var random = new Random(seed.Item);

        var text = "{" + string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => pieces[random.Next(pieces.Length)]));

        Assert.NotNull(Read(text));
        Assert.NotNull(Read(text + "}"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_message_that_is_cut_short_is_malformed(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(Vectors.Find("client-messages", name).GetProperty("text").GetString()!);
        var end = bytes.AsSpan().LastIndexOfAnyExcept((byte)' ') + 1;

        for (var length = 0; length < end; length++)
        {
            if (name != "two objects" || length != bytes.Length / 2)
            {
                Assert.IsType<ClientMessage.Malformed>(ClientMessage.Read(bytes.AsSpan(0, length)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_message_with_any_byte_changed_is_still_some_message(string name)
    {
        var bytes = Encoding.UTF8.GetBytes(Vectors.Find("client-messages", name).GetProperty("text").GetString()!);
        var random = new Random(bytes.Length);

        for (var i = 0; i < bytes.Length; i++)
        {
            var kept = bytes[i];
            foreach (var value in new[] { 0, 0x22, 0x5c, 0x7b, 0x7d, 0x80, 0xc3, 0xff, random.Next(256) })
            {
                bytes[i] = (byte)value;
                Assert.NotNull(ClientMessage.Read(bytes));
            }

            bytes[i] = kept;
        }
    }

    private static ClientMessage Read(string text) => ClientMessage.Read(Encoding.UTF8.GetBytes(text));

    /// <summary>A message in the form of the vectors.</summary>
    private static string Write(ClientMessage message) => JsonSerializer.Serialize<object>(
        message switch
        {
            ClientMessage.Join join => new
            {
                type = "join",
                position = join.Position is { } at ? new { epoch = at.Epoch, offset = at.Offset } : null,
                history = join.History,
                name = join.Name,
                token = join.Token,
                identity = join.Identity,
            },
            ClientMessage.Refresh refresh => new { type = "refresh", token = refresh.Token },
            ClientMessage.Post post => new
            {
                type = "post",
                id = post.Id.ToString(),
                text = post.Text,
                mode = JsonFormat.ModeNames[(int)post.Style.Mode],
                color = $"#{post.Style.Color:x6}",
                size = JsonFormat.SizeNames[(int)post.Style.Size],
                at = post.At,
                again = post.Again,
            },
            ClientMessage.Recall recall => new
            {
                type = "recall",
                id = recall.Id.ToString(),
                position = recall.Order is RecallOrder.One { Target: var target } ? new { epoch = target.Epoch, offset = target.Offset } : null,
                user = (recall.Order as RecallOrder.Person)?.User.ToString(),
                within = (recall.Order as RecallOrder.Person)?.Within,
                all = recall.Order is RecallOrder.Everything,
                again = recall.Again,
            },
            ClientMessage.Clock clock => new { type = "clock", client = Encoding.ASCII.GetString(clock.Client) },
            _ => message,
        });

    private static ClientMessage Expected(JsonElement vector)
    {
        switch (vector.GetProperty("error").GetString())
        {
            case "reject":
                var reason = Enum.GetValues<RejectReason>().Single(reason => reason.Name() == vector.GetProperty("reason").GetString());
                return new ClientMessage.BadPost(
                    PostId.TryParse(vector.GetProperty("id").GetString(), out var id) ? id : null, reason, vector.GetProperty("field").GetString()!);
            case "error":
                var name = vector.GetProperty("reason").GetString()!;
                var isJoin = vector.GetProperty("text").GetString()!.Contains("\"join\"", StringComparison.Ordinal);
                var known = Enum.GetValues<RejectReason>().Where(reason => reason.Name() == name)
                    .Select(reason => reason.Message(vector.GetProperty("field").GetString()!));
                return new ClientMessage.Bad(name, known.SingleOrDefault("This server does not know that type of message."), isJoin);
            default:
                return new ClientMessage.Malformed();
        }
    }
}
