using System.Net;
using Danmaku.Testing;

namespace Danmaku.Bench.Tests.Scenarios;

/// <summary>The real executable of a node, with both roles and few limits.</summary>
public sealed class NodeFixture : IAsyncLifetime
{
    public const int ConnectsPerSecond = 300;

    public static readonly string Program = Programs.FindOurs("Danmaku.Node");

    private readonly string _folder = Directory.CreateTempSubdirectory("danmaku-bench-").FullName;
    private OwnedProcess? _process;

    public Uri Url { get; } = new($"http://127.0.0.1:{Ports.Free(IPAddress.Loopback)}");

    public int Pid => _process!.Id;

    public async Task InitializeAsync()
    {
        string[] command =
        [
            Program, "--urls", $"{Url}".TrimEnd('/'), $"--Danmaku:DataDirectory={_folder}", $"--Danmaku:Connection:ConnectsPerSecond={ConnectsPerSecond}",
            "--Danmaku:Connection:PostsPerSecond=0", "--Danmaku:Room:PostsPerSecond=0", "--Danmaku:Connection:MessagesPerSecond=0",
            "--Danmaku:Connection:MessagesPerSecondPerAddress=0", "--Danmaku:Connection:PostsPerSecondPerAddress=0",
            "--Danmaku:Connection:RoomsPerAddress=0", "--Danmaku:Connection:RoomsPerSecond=0",
            "--Danmaku:Operator:Urls=",
        ];
        _process = OwnedProcess.Start(command, Path.Combine(_folder, "node.log"));
        using var http = new HttpClient();
        await Eventually.TrueAsync(async () => await IsReadyAsync(http), TimeSpan.FromSeconds(60), "the node is ready");
    }

    public async Task DisposeAsync()
    {
        _process!.Send(Signal.Terminate);
        await _process.Ended;
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<bool> IsReadyAsync(HttpClient http)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(Url, "/health/ready"));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
