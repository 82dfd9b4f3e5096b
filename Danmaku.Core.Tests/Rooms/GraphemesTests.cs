using System.Globalization;
using System.Text;
using Danmaku.Core.Rooms;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Rooms;

/// <summary>docs/vectors/graphemes.json, Unicode's own test. Danmaku.Web runs the same.</summary>
public class GraphemesTests
{
    public static TheoryData<string> Breaks => [.. Vectors.Names("graphemes")];

    [Theory]
    [MemberData(nameof(Breaks))]
    public void A_text_is_cut_only_between_graphemes(string breaks)
    {
        var parts = breaks.Trim('÷', ' ').Split('÷').Select(part => string.Concat(part.Split('×').Select(Character))).ToList();
        var (text, cut) = (string.Concat(parts), new List<string>());

        for (var rest = text; rest.Length > 0; rest = rest[cut[^1].Length..])
        {
            cut.Add(rest[..Graphemes.FirstLength(rest)]);
        }

        Assert.Equal(parts, cut);
        Assert.Equal(parts.Count, Graphemes.Count(text));
    }

    [Theory]
    [InlineData("क्षि", 1)]
    [InlineData("👨‍👩‍👧‍👦", 1)]
    [InlineData("🇯🇵🇨🇳", 2)]
    [InlineData("か\u3099", 1)]
    [InlineData("각", 1)]
    [InlineData("", 0)]
    public void A_character_as_people_see_it_counts_as_one(string text, int count) => Assert.Equal(count, Graphemes.Count(text));

    private static string Character(string hex) => new Rune(int.Parse(hex.Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)).ToString();
}
