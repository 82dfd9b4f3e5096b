using System.Text.Json;
using Danmaku.Core.Rooms;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Rooms;

/// <summary>docs/vectors/texts.json, as a server reads it. Danmaku.Web runs the same.</summary>
public class TextVectorTests
{
    public static TheoryData<string> Texts => [.. Vectors.Names("texts")];

    [Theory]
    [MemberData(nameof(Texts))]
    public void A_text_is_shown_as_its_vector_says(string name)
    {
        var vector = Vectors.Find("texts", name);

        var reason = TextRules.Check(Read(vector, "text")!, RoomLimits.Default.MaxTextChars, out var shown);

        Assert.Equal(
            (vector.TryGetProperty("refused", out var refused) ? refused.GetString() : null, Read(vector, "shows")),
            (reason?.Name(), reason is null ? shown : null));
    }

    /// <summary>An origin checks what its edges have checked.</summary>
    [Theory]
    [MemberData(nameof(Texts))]
    public void A_text_that_was_cleaned_is_not_changed_again(string name)
    {
        if (TextRules.Check(Read(Vectors.Find("texts", name), "text")!, RoomLimits.Default.MaxTextChars, out var shown) is not null)
        {
            return;
        }

        Assert.Null(TextRules.Check(shown, RoomLimits.Default.MaxTextChars, out var again));
        Assert.Same(shown, again);
    }

    private static string? Read(JsonElement vector, string field) =>
        vector.TryGetProperty(field, out var text)
            ? string.Concat(Enumerable.Repeat(text.GetString(), vector.TryGetProperty("times", out var times) ? times.GetInt32() : 1))
            : null;
}
