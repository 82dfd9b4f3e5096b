using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Danmaku.Node.Tests.Processes;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests;

/// <summary>The executable as its operator sees it.</summary>
[Trait("Category", "process")]
public sealed class ProcessTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("danmaku-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task It_says_where_it_listens_is_healthy_and_stops_when_told()
    {
        var url = new Uri($"http://127.0.0.1:{FreePort()}");
        await using var node = Start("--urls", url.ToString(), "--Danmaku:NodeName=alone", "--Danmaku:DataDirectory=" + _data);
        await node.SaysAsync("Node alone (origin,edge) listens on");
        await Eventually.TrueAsync(async () => await HealthAsync(url.ToString()) == 0, TimeSpan.FromSeconds(60));

        Assert.Equal(0, await HealthAsync("--urls", url.ToString()));
        Assert.Equal(0, await HealthAsync("--http_ports", $"{url.Port}"));
        Assert.Equal(1, await HealthAsync("--urls", $"http://+:{FreePort()}"));
        Assert.Contains(node.Output, line => line.EndsWith($"listens on http://127.0.0.1:{url.Port}, data in {_data}", StringComparison.Ordinal));

        Assert.Equal(0, await node.TerminateAsync());
        Assert.Empty(node.Errors);
    }

    [Fact]
    public async Task A_bad_setting_is_one_line_and_exit_code_1()
    {
        await using var node = Start("--Danmaku:Connection:Heartbeat=00:01:00");

        Assert.Equal(1, await node.EndAsync());
        Assert.StartsWith("danmaku: Danmaku:Connection:Heartbeat", Assert.Single(node.Errors), StringComparison.Ordinal);
        Assert.Empty(node.Output);
    }

    [SkippableFact]
    public async Task Prometheus_finds_nothing_wrong_with_the_metrics()
    {
        await using var node = await TestNode.StartAsync();
        using var viewer = await TestViewer.PlainAsync(node.Url, "/ws/lobby");
        await viewer.SendAsync("hi");
        await viewer.ReadAsync();
        var metrics = await node.Http.GetStringAsync("/metrics");
        using var promtool = TryStart("promtool", "check", "metrics");
        Skip.If(promtool is null, "promtool is not installed (Debian package prometheus)");

        await promtool.StandardInput.WriteAsync(metrics);
        promtool.StandardInput.Close();
        var said = await promtool.StandardOutput.ReadToEndAsync() + await promtool.StandardError.ReadToEndAsync();
        await promtool.WaitForExitAsync();

        Assert.Equal((0, ""), (promtool.ExitCode, said));
    }

    /// <summary>The executable, started from another directory than its own.</summary>
    private static OwnedProcess Start(params string[] arguments) =>
        OwnedProcess.Start("env", ["--chdir=/", Path.Combine(AppContext.BaseDirectory, "Danmaku.Node"), .. arguments]);

    private static async Task<int> HealthAsync(params string[] arguments)
    {
        await using var probe = Start(["health", .. arguments]);
        return await probe.EndAsync();
    }

    /// <summary>A port that was free a moment ago.</summary>
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Process? TryStart(string file, params string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(file, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
