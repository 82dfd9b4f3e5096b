using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Danmaku.Node.Tests.Processes;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Danmaku.Node.Tests;

/// <summary>The executable as its operator sees it.</summary>
[Collection(Lanes.Processes)]
[Trait("Category", "process")]
public sealed class ProcessTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("danmaku-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task A_node_logs_where_it_listens_is_healthy_and_stops_when_told()
    {
        var url = new Uri($"http://127.0.0.1:{FreePort()}");
        await using var node = Start(
            "--urls", url.ToString(), "--Danmaku:Operator:Urls=http://127.0.0.1:0", "--Danmaku:NodeName=alone", "--Danmaku:DataDirectory=" + _data);
        await node.SaysAsync("Node alone (origin,edge) listens on");
        await Eventually.TrueAsync(async () => await HealthAsync(url.ToString()) == 0, TimeSpan.FromSeconds(60));

        Assert.Equal(0, await HealthAsync("--urls", url.ToString()));
        Assert.Equal(0, await HealthAsync("--http_ports", $"{url.Port}"));
        Assert.Equal(1, await HealthAsync("--urls", $"http://+:{FreePort()}"));
        Assert.Equal(0, await HealthAsync("--urls", $"http://+:{FreePort()}", $"--Danmaku:Operator:Urls={url}"));
        Assert.Equal(1, await HealthAsync("--urls", url.ToString(), $"--Danmaku:Operator:Urls=http://127.0.0.1:{FreePort()}"));
        Assert.Contains(node.Output, line => line.EndsWith($"listens on http://127.0.0.1:{url.Port}, data in {_data}", StringComparison.Ordinal));

        Assert.Equal(0, await node.TerminateAsync());
        Assert.Empty(node.Errors);
    }

    [Fact]
    public async Task A_node_that_is_told_to_stop_while_it_starts_ends_with_0()
    {
        var code = NodeHost.RunAsync(["--urls=http://127.0.0.1:0", "--Danmaku:Operator:Urls=", "--Danmaku:DataDirectory=" + _data], (services, settings) =>
        {
            Rooms.RoomsRegistration.AddRooms(services, settings);
            services.AddHostedService<StoppedAtStart>();
        });

        Assert.Equal(0, await code.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task A_node_that_is_not_let_in_ends_with_255()
    {
        await using var node = Start(
            "--urls", $"http://127.0.0.1:{FreePort()}", "--Danmaku:Operator:Urls=", "--Danmaku:Roles=edge", "--Danmaku:DataDirectory=" + _data,
            "--Danmaku:Cluster:Port=0", $"--Danmaku:Cluster:Seeds=127.0.0.1:{FreePort()}", "--Danmaku:Cluster:JoinTimeout=00:00:20");

        Assert.Equal(255, await node.EndAsync());
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
    public async Task A_node_is_healthy_when_it_listens_on_IPv6_alone()
    {
        Skip.IfNot(Loopback.HasIPv6, "There is no IPv6 here.");
        await using var node = await TestNode.StartAsync("--urls=http://[::1]:0");

        Assert.Equal(0, await HealthAsync("--urls", node.Url.ToString()));
        Assert.Equal(0, await HealthAsync(node.Url.ToString()));
    }

    [SkippableFact]
    public async Task Localhost_is_both_loopback_addresses()
    {
        Skip.IfNot(Loopback.HasIPv6, "There is no IPv6 here.");
        await using var node = await TestNode.StartAsync($"--urls=http://localhost:{FreePort()}");

        Assert.Equal("I got your message: pong", await EchoAsync("127.0.0.1"));
        Assert.Equal("I got your message: pong", await EchoAsync("[::1]"));

        async Task<string> EchoAsync(string host)
        {
            using var viewer = await TestViewer.PlainAsync(new UriBuilder(node.Url) { Host = host }.Uri, "/echo");
            await viewer.SendAsync("pong");
            return await viewer.ReadAsync();
        }
    }

    [SkippableFact]
    public async Task Prometheus_finds_nothing_wrong_with_the_metrics()
    {
        await using var node = await TestNode.StartAsync();
        using var viewer = await TestViewer.PlainAsync(node.Url, "/ws/lobby");
        await viewer.SendAsync("hi");
        await viewer.ReadAsync();
        var metrics = await node.Operators.GetStringAsync("/metrics");
        using var promtool = TryStart("promtool", "check", "metrics");
        Skip.If(promtool is null, NotInstalled.Promtool);

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

    /// <summary>Its node is told to stop before it has started.</summary>
    private sealed class StoppedAtStart(IHostApplicationLifetime lifetime) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            lifetime.StopApplication();
            return Task.Delay(Timeout.Infinite, cancellationToken);
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
