using System.Globalization;
using System.Text.Json;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Tests.Rooms;

/// <summary>How docs/vectors/resume.json writes positions, heads and batches: its "about" says it.</summary>
internal static class ResumeNotation
{
    private const string None = "none";
    private const string After = " after ";

    public static Position ReadPosition(string text)
    {
        if (text == None)
        {
            return Position.None;
        }

        var parts = text.Split(':');
        return new Position(Number(parts[0]), Number(parts[1]));
    }

    public static Position? ReadPosition(JsonElement value) =>
        value.ValueKind == JsonValueKind.Null ? null : ReadPosition(value.GetString()!);

    public static RoomHead ReadHead(string text)
    {
        var (what, previous) = Split(text);
        return new RoomHead(ReadPosition(what), previous);
    }

    public static Batch ReadBatch(string text)
    {
        var (what, previous) = Split(text);
        var (first, through) = what.Split('-') is [var from, var to] ? (ReadPosition(from), Number(to)) : (ReadPosition(what), 0);
        return Comments.Batch(first.Epoch, previous, first.Offset, Math.Max(through, first.Offset));
    }

    public static IReadOnlyList<Batch> ReadBatches(JsonElement array) =>
        [.. array.EnumerateArray().Select(batch => ReadBatch(batch.GetString()!))];

    public static string Write(Position position) => position.IsNone ? None : position.ToString();

    public static string Write(RoomHead head) => Write(head.Top) + After + Write(head.Previous);

    public static string Write(Batch batch) =>
        batch.First
        + (batch.Comments.Count > 1 ? $"-{batch.Last.Offset}" : "")
        + (batch.First.Offset == 1 ? After + Write(batch.Previous) : "");

    public static string Write(MissingRange range) =>
        $"{range.Epoch}:{range.From}-{(range.Through == Position.MaxInteger ? "" : range.Through)}";

    /// <summary>The texts of an array, objects without white space; none when it is not there.</summary>
    public static IEnumerable<string> Texts(this JsonElement step, string name) =>
        step.TryGetProperty(name, out var array) ? array.EnumerateArray().Select(Text) : [];

    private static string Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : JsonSerializer.Serialize(value);

    private static (string What, Position Previous) Split(string text) =>
        text.Split(After) is [var what, var previous] ? (what, ReadPosition(previous)) : (text, Position.None);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
