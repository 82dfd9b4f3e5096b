using System.Text;
using System.Text.Json;
using Danmaku.Chaos.Checks;
using Danmaku.Chaos.Viewers;
using Danmaku.Testing;

namespace Danmaku.Chaos.Tests.Viewers;

public class ViewerLifeTests
{
    private readonly PostTexts _texts = new(PostTexts.MinBytes);
    private readonly ServerMessage _message = new();
    private readonly List<string> _told = [];
    private readonly ViewerLife _life;

    public ViewerLifeTests() => _life = new ViewerLife(_told.Add);

    [Fact]
    public void All_messages_that_concern_order_are_kept_as_they_came()
    {
        Hear("""{"type":"welcome","position":{"epoch":5,"offset":1},"lost":false}""");
        Hear($$"""{"type":"batch","epoch":5,"offset":2,"comments":[{"text":"{{_texts.Text(new PostTag(7, 0))}}"},{"text":"somebody else"}]}""");
        Hear("""{"type":"viewers","count":3}""");
        Hear("""{"type":"skipped","epoch":5,"from":4,"through":9,"count":6}""");
        Hear("""{"type":"lost","position":{"epoch":6,"offset":2}}""");
        Hear("""{"type":"welcome","position":{"epoch":6,"offset":8},"lost":true}""");

        Heard[] expected =
        [
            Heard.Welcome(new(5, 1)), Heard.Danmaku(new(5, 2), 7), Heard.Danmaku(new(5, 3), Heard.Foreign),
            Heard.Skipped(new(5, 4), 9), Heard.Lost(new(6, 2)), Heard.Lost(new(6, 8)),
        ];
        Assert.Equal(expected, _life.All);
        Assert.Equal(3, _told.Count);
    }

    [Fact]
    public void It_joins_with_the_position_that_the_protocols_vectors_say()
    {
        foreach (var vector in Vectors.Read("positions"))
        {
            var life = new ViewerLife(_ => { });
            foreach (var message in vector.GetProperty("messages").EnumerateArray())
            {
                _message.Read(Encoding.UTF8.GetBytes(message.GetRawText()), _texts);
                life.Hear(_message);
            }

            var (expected, join) = (vector.GetProperty("position"), JsonDocument.Parse(life.Join()).RootElement);
            Assert.Equal(expected.ValueKind != JsonValueKind.Null, join.TryGetProperty("position", out var position));
            Assert.True(expected.ValueKind == JsonValueKind.Null || JsonElement.DeepEquals(expected, position));
        }
    }

    [Fact]
    public void Before_its_first_welcome_it_has_no_position()
    {
        Assert.False(JsonDocument.Parse(_life.Join()).RootElement.TryGetProperty("position", out _));
    }

    private void Hear(string message)
    {
        _message.Read(Encoding.UTF8.GetBytes(message), _texts);
        _life.Hear(_message);
    }
}
