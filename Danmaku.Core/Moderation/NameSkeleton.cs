namespace Danmaku.Core.Moderation;

/// <summary>What a name looks like: two names that people take for each other have equal skeletons (docs/protocol.md §6, UTS #39 §4).</summary>
/// <remarks>
/// Case, width, compatibility forms, look-alikes, spaces, punctuation and what is not seen make no difference, nor do marks on letters of Latin,
/// Greek and Cyrillic. Not for people to read: Admin is <c>adrnln</c>. Marks, letters and punctuation go by .NET's data, the rest by one table.
/// </remarks>
public static class NameSkeleton
{
    /// <summary>Code points of a skeleton that need no array.</summary>
    internal const int Room = 256;

    /// <summary>The skeleton of a name. What was a skeleton stays as it is. Takes time in proportion to the length; never throws.</summary>
    /// <returns>Empty only where nothing can be seen. A name of nothing but punctuation keeps it.</returns>
    public static string Of(ReadOnlySpan<char> name)
    {
        var reader = new NameReader(stackalloc int[Room], stackalloc NameEdge[Room]);
        reader.Read(name, keepsPunctuation: false, keepsSymbols: true);
        if (reader.Points.Length == 0)
        {
            reader.Read(name, keepsPunctuation: true, keepsSymbols: true);
        }

        return reader.ToString();
    }

    /// <summary>The skeleton without symbols: Bob of Bob✓. Empty where the name has nothing but symbols and punctuation.</summary>
    internal static string OfLetters(ReadOnlySpan<char> name) =>
        NameReader.Letters(name, stackalloc int[Room], stackalloc NameEdge[Room]).ToString();
}
