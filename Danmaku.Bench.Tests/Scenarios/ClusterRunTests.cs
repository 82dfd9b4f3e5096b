using System.Diagnostics;
using System.Text.Json;
using Danmaku.Bench.Scenarios;

namespace Danmaku.Bench.Tests.Scenarios;

/// <summary>The tool as its command line has it, on a cluster that it starts itself.</summary>
[Trait("Category", "process")]
public sealed class ClusterRunTests : IDisposable
{
    private const string YoungBytes = "DOTNET_GCgen0size";

    private readonly FileInfo _json = new(Path.GetTempFileName());

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(YoungBytes, null);
        _json.Delete();
    }

    [Fact]
    public async Task A_cluster_of_the_tool_delivers_everything_is_in_the_report_and_ends()
    {
        var report = await RunAsync("--edges", "2");

        var servers = Servers(report);
        Assert.Equal(2, report.GetProperty("edges").GetArrayLength());
        Assert.Equal(["edge 1", "edge 2", "origin"], servers.Select(server => server.GetProperty("name").GetString()));
        Assert.All(servers, server => Assert.True(server.GetProperty("cores").GetDouble() > 0, $"{server}"));
        Assert.All(servers, server => Assert.False(IsRunning(server.GetProperty("pid").GetInt32()), $"{server}"));
    }

    [Fact]
    public async Task Each_server_of_the_tool_tells_its_pauses_if_asked()
    {
        // Hexadecimal. The nodes collect after 256 KiB, so that they do while they are measured.
        Environment.SetEnvironmentVariable(YoungBytes, "40000");

        var report = await RunAsync("--edges", "1", "--gc-pauses");

        var pauses = report.GetProperty("pauses").EnumerateArray().ToArray();
        Assert.Equal(["edge", "origin"], pauses.Select(server => server.GetProperty("name").GetString()));
        Assert.True(pauses.Sum(server => server.GetProperty("lengths").GetProperty("count").GetInt64()) > 0, $"{report}");
        Assert.All(pauses, server => Assert.InRange(server.GetProperty("lengths").GetProperty("max").GetDouble(), 0, 2000));
    }

    [Fact]
    public async Task Pauses_of_servers_that_run_already_cannot_be_had()
    {
        var line = FanOutCommand.Create().Parse(["--gc-pauses"]);

        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => ClusterOptions.RunAsync(
            line, LoadOptions.Settings(line, rooms: 1, viewers: 1, posters: 1), NeverAsync));

        Assert.Contains("--edges", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_core_that_the_machine_does_not_have_is_said_before_anything_is_measured()
    {
        var line = FanOutCommand.Create().Parse(["--edges", "1", "--server-core", "1000", "--node", NodeFixture.Program]);

        var failure = await Assert.ThrowsAsync<InvalidDataException>(() => ClusterOptions.RunAsync(
            line, LoadOptions.Settings(line, rooms: 1, viewers: 1, posters: 1), NeverAsync));

        Assert.Contains("taskset", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>As short as CPU times, which come in steps of 10 ms, allow.</summary>
    private async Task<JsonElement> RunAsync(params string[] options)
    {
        string[] run =
        [
            "--viewers", "40", "--rate", "200", "--bytes", "60", "--posters", "5", "--warmup", "500ms", "--duration", "2s", "--node", NodeFixture.Program,
            "--json", _json.FullName, .. options,
        ];

        Assert.Equal(ExitCode.Clean, await FanOutCommand.Create().Parse(run).InvokeAsync());

        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(_json.FullName));
        return json.RootElement.Clone();
    }

    private static Task<int> NeverAsync(LoadSettings settings) => throw new InvalidOperationException("It was measured.");

    private static JsonElement[] Servers(JsonElement report) =>
        [.. report.GetProperty("result").GetProperty("load").GetProperty("servers").EnumerateArray()];

    private static bool IsRunning(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
