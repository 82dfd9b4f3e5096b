using System.Text.Json;

namespace Danmaku.Testing;

/// <summary>The test vectors of docs/protocol.md §10, and the document itself.</summary>
public static class Vectors
{
    // Linked into the output of every project that references this one.
    private static readonly string Docs = Path.Combine(AppContext.BaseDirectory, "docs");

    /// <summary>The text of <c>docs/protocol.md</c>.</summary>
    public static string Protocol => File.ReadAllText(Path.Combine(Docs, "protocol.md"));

    /// <summary>The cases of one file of <c>docs/vectors</c>.</summary>
    /// <param name="file">Its name without <c>.json</c>.</param>
    public static IReadOnlyList<JsonElement> Read(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Docs, "vectors", file + ".json")));
        return [.. json.RootElement.GetProperty("cases").EnumerateArray().Select(element => element.Clone())];
    }

    /// <summary>The names of the cases of one file.</summary>
    public static IEnumerable<string> Names(string file) =>
        Read(file).Select(vector => vector.GetProperty("name").GetString()!);

    /// <summary>One case by its name.</summary>
    public static JsonElement Find(string file, string name) =>
        Read(file).Single(vector => vector.GetProperty("name").GetString() == name);

    /// <summary>
    /// The cells of the first table behind a heading that begins with <paramref name="heading"/>, without the line of column names.
    /// </summary>
    public static IReadOnlyList<string[]> Table(string heading)
    {
        var rows = Protocol.Split('\n')
            .SkipWhile(line => !line.StartsWith(heading, StringComparison.Ordinal))
            .SkipWhile(line => !line.StartsWith('|'))
            .TakeWhile(line => line.StartsWith('|'));
        return [.. rows.Skip(2).Select(row => row.Trim('|', ' ').Split('|', StringSplitOptions.TrimEntries))];
    }
}
