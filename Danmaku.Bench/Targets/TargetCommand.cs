using System.CommandLine;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using static Danmaku.Testing.Terminal.CommandLine;

namespace Danmaku.Bench.Targets;

/// <summary>Servers for comparisons: in every one a text message on <c>/ws/{room}</c> goes to all in the room.</summary>
public static class TargetCommand
{
    private static readonly Argument<string> Kind = new Argument<string>("kind")
    {
        Description = "signalr: groups of SignalR. kestrel: ASP.NET Core WebSockets with a queue and a writer for each connection.",
    }.AcceptOnlyFromAmong("signalr", "kestrel");

    private static readonly Option<int> Port = Number("--port", "Port on loopback.", 9000, most: 65_535);

    public static Command Create()
    {
        var command = new Command(
            "target", "Runs another server until it is interrupted, to compare it with a node. fanout and rooms put load on it with --target.")
        {
            Kind, Port,
        };
        command.SetAction(async (line, cancellation) =>
        {
            await using var app = Create(line.GetValue(Kind)!, line.GetValue(Port));
            await app.StartAsync(cancellation);
            await Console.Out.WriteLineAsync("ready");
            try
            {
                await Task.Delay(Timeout.Infinite, cancellation);
            }
            catch (OperationCanceledException)
            {
                await app.StopAsync(CancellationToken.None);
            }

            return ExitCode.Clean;
        });
        return command;
    }

    /// <summary>A server that is not started yet.</summary>
    /// <param name="port">0 for any.</param>
    public static WebApplication Create(string kind, int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        builder.Services.Configure<KestrelServerOptions>(kestrel => kestrel.Limits.MaxConcurrentUpgradedConnections = null);
        return kind == "signalr" ? SignalRTarget.Create(builder) : KestrelTarget.Create(builder);
    }
}
