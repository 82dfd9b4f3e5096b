using System.Text.Json;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Rooms;

/// <summary>docs/vectors/resume.json, as an edge and as an origin see it. The client's part is run by Danmaku.Web.</summary>
public class ResumeVectorTests
{
    private const string File = "resume";

    public static TheoryData<string> EdgeCases => Names("edge");

    public static TheoryData<string> OriginCases => Names("origin");

    [Theory]
    [MemberData(nameof(EdgeCases))]
    public void An_edge_does_what_its_vector_says(string name)
    {
        var vector = Vectors.Find(File, name);
        var edge = new ResumeEdge(EdgeLimits(vector));

        foreach (var step in vector.GetProperty("steps").EnumerateArray())
        {
            edge.Do(step);

            Assert.Equal(
                Outcome(step, step.Texts("sends"), Text(step, "asks"), step.Texts("answers")),
                Outcome(step, edge.Sent, edge.Asked, edge.Answers));
        }
    }

    [Theory]
    [MemberData(nameof(OriginCases))]
    public async Task An_origin_answers_what_its_vector_says(string name)
    {
        var vector = Vectors.Find(File, name);
        await using var origin = new ResumeOrigin(OriginLimits(vector), Keeps(vector));
        foreach (var life in vector.GetProperty("lives").EnumerateArray())
        {
            var posts = life.GetProperty("posts").GetInt32();
            await origin.LiveAsync(life.GetProperty("epoch").GetInt64(), posts, Number(life, "kept") ?? posts);
        }

        Assert.Equal(Text(vector, "head"), origin.Head);
        foreach (var ask in vector.GetProperty("asks").EnumerateArray())
        {
            var after = ResumeNotation.ReadPosition(Text(ask, "after")!);

            var (source, page) = await origin.AskAsync(after, Number(ask, "through"));

            Assert.Equal((Write(after), Text(ask, "from")), (Write(after), source));
            Assert.Equal(ask.Texts("page").Concat(ask.Texts("newest")), page);
        }
    }

    /// <summary>What came of a step, with the step, so that a failure names it.</summary>
    private static string Outcome(JsonElement step, IEnumerable<string> sends, string? asks, IEnumerable<string> answers) =>
        $"{step}: sends [{string.Join(", ", sends)}], asks [{asks}], answers [{string.Join(", ", answers)}]";

    private static TheoryData<string> Names(string part) =>
    [
        .. Vectors.Read(File).Where(vector => Text(vector, "part") == part).Select(vector => Text(vector, "name")!),
    ];

    private static RoomLimits EdgeLimits(JsonElement vector) => RoomLimits.Default with
    {
        HistoryComments = Limit(vector, "historyComments") ?? RoomLimits.Default.HistoryComments,
        MaxJoinHistory = Limit(vector, "maxJoinHistory") ?? RoomLimits.Default.MaxJoinHistory,
    };

    private static RoomLimits OriginLimits(JsonElement vector) => RoomLimits.Default with
    {
        HistoryComments = Limit(vector, "memory") ?? RoomLimits.Default.HistoryComments,
        PageBytes = (Limit(vector, "page") ?? 1000) * ResumeOrigin.CommentBytes,
    };

    /// <summary>The post ids of what goes are not asked for here.</summary>
    private static Retention Keeps(JsonElement vector) => new(Limit(vector, "store") ?? 1000, TimeSpan.FromDays(7)) { MinAge = TimeSpan.Zero };

    private static int? Limit(JsonElement vector, string name) =>
        vector.TryGetProperty("limits", out var limits) ? Number(limits, name) : null;

    private static int? Number(JsonElement value, string name) => value.TryGetProperty(name, out var number) ? number.GetInt32() : null;

    private static string? Text(JsonElement value, string name) => value.TryGetProperty(name, out var text) ? text.GetString() : null;

    private static string Write(Position position) => ResumeNotation.Write(position);
}
