using System.Net.WebSockets;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Node.Tests.Support;

namespace Danmaku.Node.Tests;

/// <summary>What is said wrongly, too fast or never, what is answered, and that nobody else notices.</summary>
public sealed class ConversationTests(ConversationTests.Shared shared) : IClassFixture<ConversationTests.Shared>, IDisposable
{
    private readonly TestNode _node = shared.Node;
    private readonly string _room = "room-" + TestViewer.NewId();

    public void Dispose() => _node.AssertNoErrors();

    [Fact]
    public async Task The_clock_is_answered_at_once()
    {
        var (viewer, _) = await TestViewer.JoinAsync(_node.Url, _room);
        using var __ = viewer;

        await viewer.SendAsync("""{"type":"clock","client":1790000000123.50}""");
        var clock = await viewer.HearAsync("clock");

        Assert.Equal("1790000000123.50", clock.GetProperty("client").GetRawText());
        Assert.InRange(clock.GetProperty("server").GetInt64(), 1_700_000_000_000, 9_000_000_000_000);
    }

    [Theory]
    [InlineData("""{"type":"post","id":"00112233445566778899aabbccddeeff","text":"early"}""", 4001, "join first")]
    [InlineData("""{"type":"nonsense"}""", 4001, "join first")]
    [InlineData("""{"type":"join","history":-1}""", 4001, "bad join: The field 'history' has a wrong type or value.")]
    [InlineData("""{"type":"join","name":"a\u001bb"}""", 4003, "not admitted: the name is text_invalid")]
    [InlineData("""{"type":"join","name":"\u2800"}""", 4003, "not admitted: the name is text_empty")]
    [InlineData("""{"type":"join","name":"\u3164\u200d\ufe0f"}""", 4003, "not admitted: the name is text_empty")]
    [InlineData("""{"type":"join","name":"1234567890123456789012345"}""", 4003, "not admitted: the name is text_too_long")]
    [InlineData("{}", 4002, "malformed message")]
    [InlineData("[]", 4002, "malformed message")]
    [InlineData("hello", 4002, "malformed message")]
    [InlineData("", 4002, "malformed message")]
    public async Task An_invalid_join_closes(string message, int code, string text)
    {
        using var viewer = await TestViewer.JsonAsync(_node.Url, "/ws/" + _room);

        await viewer.SendAsync(message);

        Assert.Equal((code, text), await viewer.ClosedAsync());
    }

    [Theory]
    [InlineData("""{"type":"join"}""", 4001, "join first")]
    [InlineData("""{"type":"post","text":""", 4002, "malformed message")]
    [InlineData("""{"type":"clock"}{}""", 4002, "malformed message")]
    public async Task A_joined_viewer_can_still_send_messages_that_close(string message, int code, string text)
    {
        var (viewer, _) = await TestViewer.JoinAsync(_node.Url, _room);
        using var __ = viewer;

        await viewer.SendAsync(message);

        Assert.Equal((code, text), await viewer.ClosedAsync());
    }

    [Fact]
    public async Task An_integer_is_the_same_however_it_is_written()
    {
        var (viewer, _) = await TestViewer.JoinAsync(_node.Url, _room, System.Text.Json.JsonElement.Parse("""{"type":"join","history":10.0}"""));
        using var __ = viewer;

        await viewer.SendAsync($$"""{"type":"post","id":"{{TestViewer.NewId()}}","text":"a","at":8.35e4,"future":{{new string('[', 70)}}{{new string(']', 70)}}}""");

        Assert.Equal("83500", (await viewer.HearAsync("batch")).GetProperty("comments")[0].GetProperty("at").GetRawText());
    }

    [Fact]
    public async Task A_refusal_names_the_field_that_is_wrong()
    {
        var (viewer, _) = await TestViewer.JoinAsync(_node.Url, _room);
        using var __ = viewer;

        await viewer.SendAsync($$"""{"type":"post","id":"{{TestViewer.NewId()}}","text":"a","at":1.5}""");

        Assert.Contains("'at'", (await viewer.HearAsync("reject")).GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"nonsense"}""", "unknown_type")]
    [InlineData("""{"type":"clock"}""", "field_missing")]
    [InlineData("""{"type":"clock","client":"1"}""", "field_invalid")]
    public async Task A_message_that_is_not_understood_is_an_error_and_does_not_close(string message, string reason)
    {
        var (viewer, _) = await TestViewer.JoinAsync(_node.Url, _room);
        using var __ = viewer;

        await viewer.SendAsync(message);

        Assert.Equal(reason, (await viewer.HearAsync("error")).GetProperty("reason").GetString());
        await viewer.PostAsync("still here");
        await viewer.HearAsync("ack");
    }

    [Fact]
    public async Task The_tenth_error_closes()
    {
        var (viewer, _) = await TestViewer.JoinAsync(_node.Url, _room);
        using var __ = viewer;

        for (var i = 0; i < 10; i++)
        {
            await viewer.SendAsync("""{"type":"nonsense"}""");
        }

        for (var i = 0; i < 10; i++)
        {
            await viewer.HearAsync("error");
        }

        Assert.Equal((4002, "malformed message"), await viewer.ClosedAsync());
    }

    public static TheoryData<string, string> BadPosts => new()
    {
        { """ "text":"   " """, "text_empty" },
        { $""" "text":"{new string('a', 101)}" """, "text_too_long" },
        { """ "text":"bell\u0007" """, "text_invalid" },
        { """ "text":"line\u2028break" """, "text_invalid" },
        { """ "text":"escape\u001b[2J" """, "text_invalid" },
        { """ "text":"\u2800" """, "text_empty" },
        { """ "text":"half \ud83d" """, "field_invalid" },
        { """ "text":5 """, "field_invalid" },
        { """ "mode":"top" """, "field_missing" },
        { """ "text":"a","mode":"up" """, "field_invalid" },
        { """ "text":"a","color":"red" """, "field_invalid" },
        { """ "text":"a","size":"huge" """, "field_invalid" },
        { """ "text":"a","at":-1 """, "field_invalid" },
    };

    [Theory]
    [MemberData(nameof(BadPosts))]
    public async Task A_bad_post_is_rejected_and_no_other_viewer_notices(string fields, string reason)
    {
        var (witness, _) = await TestViewer.JoinAsync(_node.Url, _room);
        var (viewer, _) = await TestViewer.JoinAsync(_node.Url, _room);
        using var __ = witness;
        using var ___ = viewer;
        var id = TestViewer.NewId();

        await viewer.SendAsync($$"""{"type":"post","id":"{{id}}",{{fields}}}""");
        var reject = await viewer.HearAsync("reject");
        await viewer.PostAsync("marker");

        Assert.Equal((id, reason), (reject.GetProperty("id").GetString(), reject.GetProperty("reason").GetString()));
        Assert.False(reject.TryGetProperty("retryAfter", out var ____));
        Assert.Equal("marker", Assert.Single(await witness.WatchAsync(1)).Text);
    }

    [Fact]
    public async Task A_post_without_an_id_is_rejected_without_one()
    {
        var (viewer, _) = await TestViewer.JoinAsync(_node.Url, _room);
        using var __ = viewer;

        await viewer.SendAsync("""{"type":"post","text":"a"}""");
        var reject = await viewer.HearAsync("reject");

        Assert.Equal("field_missing", reject.GetProperty("reason").GetString());
        Assert.False(reject.TryGetProperty("id", out var ___));
    }

    [Fact]
    public async Task A_viewer_that_posts_too_fast_is_told_when_to_try_again()
    {
        var (viewer, _) = await TestViewer.JoinAsync(_node.Url, _room);
        using var __ = viewer;

        for (var i = 0; i < 30; i++)
        {
            await viewer.PostAsync("fast");
        }

        var reject = await viewer.HearAsync("reject");
        Assert.Equal("rate_limited", reject.GetProperty("reason").GetString());
        Assert.InRange(reject.GetProperty("retryAfter").GetInt64(), 1, 200);
    }

    [Theory]
    [InlineData('x', 401, "not posted: text_too_long. At most 400 characters.")]
    [InlineData('\u0007', 1, "not posted: text_invalid. The text contains a character that is not allowed.")]
    public async Task A_plain_text_that_is_refused_closes_with_the_reason_after_what_was_accepted(char character, int count, string reason)
    {
        using var witness = await TestViewer.PlainAsync(_node.Url, "/ws/" + _room);
        using var viewer = await TestViewer.PlainAsync(_node.Url, "/ws/" + _room);

        foreach (var text in new[] { "first", "second", "a" + new string(character, count - 1) + character, "after" })
        {
            await viewer.SendAsync(text);
        }

        Assert.Equal(["first", "second"], await viewer.ReadToEndAsync());
        Assert.Equal((1008, reason), await viewer.ClosedAsync());
        await witness.SendAsync("marker");
        Assert.Equal(["first", "second", "marker"], [await witness.ReadAsync(), await witness.ReadAsync(), await witness.ReadAsync()]);
    }

    [Fact]
    public async Task A_blank_plain_text_is_ignored()
    {
        using var viewer = await TestViewer.PlainAsync(_node.Url, "/ws/" + _room);

        foreach (var text in new[] { "", " ", "\t", "\r\n", "\u200b", "marker\n" })
        {
            await viewer.SendAsync(text);
        }

        Assert.Equal("marker", await viewer.ReadAsync());
    }

    /// <summary>What clients from a course on WebSockets send.</summary>
    [Fact]
    public async Task A_plain_text_that_is_json_of_its_authors_own_comes_back_as_it_is()
    {
        using var viewer = await TestViewer.PlainAsync(_node.Url, "/");
        var text = $$"""{"name":"小明","color":"#ff8800","time":1790000000000,"text":"{{new string('弹', 100)}}{{TestViewer.NewId()}}"}""";

        await viewer.SendAsync(text);

        Assert.Equal(text, await viewer.ReadAsync());
    }

    [Fact]
    public async Task Thirty_plain_texts_in_a_loop_all_come_back_in_order()
    {
        using var viewer = await TestViewer.PlainAsync(_node.Url, "/ws/" + _room);
        string[] texts = [.. Enumerable.Range(1, 30).Select(number => $"{number}")];

        foreach (var text in texts)
        {
            await viewer.SendAsync(text);
        }

        Assert.Equal(texts, await viewer.ReadAsync(texts.Length));
    }

    [Fact]
    public async Task A_plain_viewer_that_never_stops_is_closed_with_the_reason_after_what_was_accepted()
    {
        using var witness = await TestViewer.PlainAsync(_node.Url, "/ws/" + _room);
        using var viewer = await TestViewer.PlainAsync(_node.Url, "/ws/" + _room);

        for (var number = 1; number <= 100; number++)
        {
            await viewer.SendAsync($"{number}");
        }

        var seen = await viewer.ReadToEndAsync();
        Assert.InRange(seen.Count, 50, 65);
        Assert.Equal(Enumerable.Range(1, seen.Count).Select(number => $"{number}"), seen);
        Assert.Equal((1008, "not posted: rate_limited. You are posting too fast."), await viewer.ClosedAsync());
        await witness.SendAsync("marker");
        Assert.Equal([.. seen, "marker"], await witness.ReadAsync(seen.Count + 1));
    }

    [Fact]
    public async Task A_plain_text_that_a_full_room_refuses_closes_with_the_reason_after_what_was_accepted()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:Room:PostsPerSecond=1");
        using var viewer = await TestViewer.PlainAsync(node.Url, "/ws/lobby");

        await viewer.SendAsync("first");
        await viewer.SendAsync("second");

        Assert.Equal(["first"], await viewer.ReadToEndAsync());
        Assert.Equal((1013, "not posted: room_busy. The room accepts no more posts this second."), await viewer.ClosedAsync());
    }

    [Theory]
    [InlineData(WebSocketMessageType.Binary, 1, 1003, "text messages only")]
    [InlineData(WebSocketMessageType.Text, 8193, 1009, "message too big")]
    public async Task A_binary_message_closes_a_plain_viewer_after_its_accepted_posts(WebSocketMessageType type, int length, int code, string reason)
    {
        using var viewer = await TestViewer.PlainAsync(_node.Url, "/ws/" + _room);

        await viewer.SendAsync("first");
        await viewer.SendAsync("second");
        await viewer.SendAsync(new string('a', length), type);

        Assert.Equal(["first", "second"], await viewer.ReadToEndAsync());
        Assert.Equal((code, reason), await viewer.ClosedAsync());
    }

    [Fact]
    public async Task An_operator_can_have_refused_plain_texts_dropped_in_silence()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:Connection:PlainRefusals=0", "--Danmaku:Room:MaxPlainTextChars=100");
        using var viewer = await TestViewer.PlainAsync(node.Url, "/ws/lobby");

        await viewer.SendAsync(new string('a', 101));
        await viewer.SendAsync("marker");

        Assert.Equal("marker", await viewer.ReadAsync());
    }

    [Fact]
    public async Task A_bug_closes_only_its_connection_and_is_logged_once()
    {
        await using var node = await TestNode.StartAsync(new BrokenRooms());
        using var viewer = await TestViewer.JsonAsync(node.Url, "/ws/lobby");
        using var echo = await TestViewer.PlainAsync(node.Url, "/echo");

        await viewer.SayAsync(new { type = "join" });

        Assert.Equal((1011, "internal error"), await viewer.ClosedAsync());
        Assert.Contains(nameof(BrokenRooms), Assert.Single(node.TakeErrors()), StringComparison.Ordinal);
        await echo.SendAsync("still here");
        Assert.Equal("I got your message: still here", await echo.ReadAsync());
    }

    [Fact]
    public async Task A_viewer_is_closed_when_there_are_too_many_rooms()
    {
        await using var node = await TestNode.StartAsync("--Danmaku:Room:MaxRoomsPerEdge=1");
        var (viewer, _) = await TestViewer.JoinAsync(node.Url, "one");
        using var __ = viewer;
        using var plain = await TestViewer.PlainAsync(node.Url, "/ws/two");
        using var json = await TestViewer.JsonAsync(node.Url, "/ws/three");
        await json.SayAsync(new { type = "join" });

        Assert.Equal((1013, "too many rooms"), await plain.ClosedAsync());
        Assert.Equal((1013, "too many rooms"), await json.ClosedAsync());
    }

    public sealed class Shared() : SharedNode;

    private sealed class BrokenRooms : NoRooms
    {
        public override ValueTask<IViewer?> JoinAsync(JoinRequest join, IOutbox outbox, CancellationToken cancellation) =>
            throw new InvalidOperationException(nameof(BrokenRooms));
    }
}
