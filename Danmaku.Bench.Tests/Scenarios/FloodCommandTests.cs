using System.Text.Json;
using Danmaku.Bench.Scenarios;

namespace Danmaku.Bench.Tests.Scenarios;

/// <summary>The command as its users have it: it starts a node, a stand-in and attackers, and ends them.</summary>
[Trait("Category", "process")]
public sealed class FloodCommandTests : IDisposable
{
    private readonly FileInfo _json = new(Path.GetTempFileName());

    public void Dispose() => _json.Delete();

    [Theory]
    [InlineData("--attack", "storm", "'storm'")]
    [InlineData("--count", "0", "--count must be 1 to 1000000.")]
    [InlineData("--addresses", "60001", "--addresses must be 1 to 60000.")]
    [InlineData("--max-ratio", "0.5", "--max-ratio must be at least 1.")]
    [InlineData("--descriptors", "10", "--descriptors must be 256 to 1000000.")]
    public void A_wrong_value_is_refused_in_words(string option, string value, string words)
    {
        var line = FloodCommand.Create().Parse([option, value]);

        Assert.Contains(words, Assert.Single(line.Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attackers_attack_while_the_honest_are_served_and_both_are_in_the_report()
    {
        // How long anything takes is not what is tested here.
        var (_, report) = await RunAsync("--attack", "clock", "--attack", "rooms", "--count", "3", "--max-ratio", "100000");

        var (clock, rooms) = (report.GetProperty("attacks")[0], report.GetProperty("attacks")[1]);
        Assert.True(Attackers(clock, "connected") >= 3, $"{clock}");
        Assert.True(Attackers(clock, "messages") > 0, $"{clock}");
        Assert.Equal(3, Attackers(rooms, "reached"));
        foreach (var attack in new[] { clock, rooms })
        {
            Assert.Equal(JsonValueKind.Null, attack.GetProperty("whyNot").ValueKind);
            Assert.Equal(0, attack.GetProperty("sequences").GetProperty("missing").GetInt64());
            Assert.Empty(attack.GetProperty("cut").EnumerateObject());
            Assert.Empty(attack.GetProperty("visitorsRefused").EnumerateObject());
            Assert.True(attack.GetProperty("visitorsServed").GetInt32() > 0, $"{attack}");
            Assert.True(attack.GetProperty("newcomers").GetProperty("count").GetInt64() > 0, $"{attack}");
            Assert.True(attack.GetProperty("ackRatio").GetDouble() > 0, $"{attack}");
            Assert.True(attack.GetProperty("during").GetProperty("isSettled").GetBoolean(), $"{attack}");
            Assert.InRange(attack.GetProperty("attackers").GetProperty("cores").GetDouble(), 0, 0.6);
        }
    }

    [Fact]
    public async Task Where_the_honest_are_not_served_without_an_attack_nothing_is_measured()
    {
        var (code, report) = await RunAsync("--attack", "none", "--set", "Danmaku:Room:PostsPerSecond=1");

        Assert.Equal(ExitCode.NothingMeasured, code);
        Assert.Contains("not served without an attack", report.GetProperty("attacks")[0].GetProperty("whyNot").GetString(), StringComparison.Ordinal);
    }

    private async Task<(int Code, JsonElement Report)> RunAsync(params string[] options)
    {
        string[] run =
        [
            "--rooms", "2", "--viewers", "6", "--posters", "2", "--rate", "16", "--warmup", "1s", "--duration", "2s", "--node", NodeFixture.Program,
            "--json", _json.FullName, .. options,
        ];

        var code = await FloodCommand.Create().Parse(run).InvokeAsync();

        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(_json.FullName));
        return (code, json.RootElement.Clone());
    }

    private static long Attackers(JsonElement attack, string what) => attack.GetProperty("attackers").GetProperty(what).GetInt64();
}
