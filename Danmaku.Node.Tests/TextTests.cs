using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests;

/// <summary>What others see of what somebody typed or pasted (docs/protocol.md §6).</summary>
public sealed class TextTests(TextTests.Shared shared) : IClassFixture<TextTests.Shared>, IDisposable
{
    private readonly TestNode _node = shared.Node;
    private readonly string _room = "room-" + TestViewer.NewId();

    public void Dispose() => _node.AssertNoErrors();

    [Fact]
    public async Task Every_remark_is_shown_to_others_or_refused_as_its_vector_says()
    {
        await using var node = await TestNode.StartAsync(
            "--Danmaku:Connection:PostsPerSecond=0", "--Danmaku:Connection:PostsPerSecondPerAddress=0", "--Danmaku:Connection:MaxMessageBytes=65536");
        var (witness, _) = await TestViewer.JoinAsync(node.Url, _room);
        var (viewer, _) = await TestViewer.JoinAsync(node.Url, _room);
        using var __ = witness;
        using var ___ = viewer;
        var vectors = Vectors.Read("texts");

        var answers = new List<string?>();
        foreach (var vector in vectors)
        {
            await viewer.PostAsync(Read(vector, "text")!);
            answers.Add(await AnswerAsync(viewer));
        }

        var shown = (await witness.WatchAsync(answers.Count(answer => answer is null))).Select(comment => comment.Text).ToList();
        Assert.Equal(
            vectors.Select(vector => vector.TryGetProperty("refused", out var refused) ? refused.GetString() : null), answers);
        Assert.Equal(vectors.Select(vector => Read(vector, "shows")).OfType<string>(), shown);
        node.AssertNoErrors();
    }

    // 400 code points, each of which takes 12 bytes when it is written as a pair of escapes.
    [Theory]
    [InlineData("👋🏽🏽🏽")]
    [InlineData("क्षि")]
    public async Task The_longest_text_is_taken_when_all_of_it_is_escaped(string character)
    {
        var text = string.Concat(Enumerable.Repeat(character, 100));
        var (viewer, _) = await TestViewer.JoinAsync(_node.Url, _room);
        using var __ = viewer;

        await viewer.SendAsync($$"""{"type":"post","id":"{{TestViewer.NewId()}}","text":"{{Escape(text)}}","mode":"bottom","color":"#ff8800","size":"medium","at":9007199254740991}""");

        Assert.Equal(text, Assert.Single(await viewer.WatchAsync(1)).Text);
    }

    [Fact]
    public async Task The_longest_text_and_name_are_taken_over_HTTP_when_all_of_them_is_escaped()
    {
        const string Character = "👋🏽🏽🏽";
        var (text, name) = (string.Concat(Enumerable.Repeat(Character, 100)), string.Concat(Enumerable.Repeat(Character, 24)));
        var (viewer, _) = await TestViewer.JoinAsync(_node.Url, _room);
        using var __ = viewer;

        using var body = new StringContent($$"""{"text":"{{Escape(text)}}","name":"{{Escape(name)}}"}""", new MediaTypeHeaderValue("application/json"));
        using var response = await _node.Http.PostAsync($"/api/rooms/{_room}/danmaku", body);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var comment = (await viewer.HearAsync("batch")).GetProperty("comments")[0];
        Assert.Equal((name, text), (comment.GetProperty("name").GetString(), comment.GetProperty("text").GetString()));
    }

    [Fact]
    public async Task A_remark_pasted_with_a_tab_and_isolates_is_shown_to_plain_viewers_without_them()
    {
        using var witness = await TestViewer.PlainAsync(_node.Url, "/ws/" + _room);
        using var viewer = await TestViewer.PlainAsync(_node.Url, "/ws/" + _room);

        await viewer.SendAsync("\u2068Mei\u2069:\thi");

        Assert.Equal("Mei: hi", await witness.ReadAsync());
    }

    [Theory]
    [InlineData("\u2068Mei\u2069\tLi", "Mei Li")]
    [InlineData("Me\u0301i \u202e", "Me\u0301i")]
    [InlineData("Mei\U000e0068\U000e0069", "Mei")]
    [InlineData("葛\U000e0100飾", "葛\U000e0100飾")]
    [InlineData("क्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षि", "क्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षिक्षि")]
    public async Task A_name_is_cleaned_and_counted_as_texts_are(string name, string shown)
    {
        var (viewer, welcome) = await TestViewer.JoinAsync(_node.Url, _room, new { type = "join", name });
        using var __ = viewer;

        Assert.Equal(shown, welcome.GetProperty("name").GetString());
    }

    /// <summary>Null when the post was accepted, else why not.</summary>
    private static async Task<string?> AnswerAsync(TestViewer viewer)
    {
        while (true)
        {
            var message = JsonElement.Parse(await viewer.ReadAsync());
            switch (message.GetProperty("type").GetString())
            {
                case "ack":
                    return null;
                case "reject":
                    return message.GetProperty("reason").GetString();
            }
        }
    }

    private static string? Read(JsonElement vector, string field) =>
        vector.TryGetProperty(field, out var text)
            ? string.Concat(Enumerable.Repeat(text.GetString(), vector.TryGetProperty("times", out var times) ? times.GetInt32() : 1))
            : null;

    private static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var unit in text)
        {
            escaped.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
        }

        return escaped.ToString();
    }

    public sealed class Shared() : SharedNode;
}
