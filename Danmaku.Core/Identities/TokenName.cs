using Danmaku.Core.Rooms;

namespace Danmaku.Core.Identities;

/// <summary>The name that a token says: whoever has issued it did not know how long names may be here.</summary>
public static class TokenName
{
    /// <summary>A name with more characters is none.</summary>
    private const int MaxChars = 1000;

    /// <summary>Cleans a name as <see cref="TextRules"/> does, and cuts one that is too long at a whole character.</summary>
    /// <returns>Null when it cannot be shown.</returns>
    public static string? Fit(string name) =>
        TextRules.Check(name, MaxChars, out var shown) is null ? Cut(shown) : null;

    private static string Cut(string name)
    {
        var (end, points) = (0, 0);
        for (var chars = 0; chars < TextRules.MaxNameChars && end < name.Length; chars++)
        {
            var length = Graphemes.FirstLength(name.AsSpan(end));
            points += CountPoints(name.AsSpan(end, length));
            if (points > TextRules.MaxNameChars * TextRules.PointsPerChar)
            {
                break;
            }

            end += length;
        }

        return name[..end].TrimEnd();
    }

    private static int CountPoints(ReadOnlySpan<char> text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes())
        {
            count++;
        }

        return count;
    }
}
