using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Report;
using static Danmaku.Testing.Terminal.CommandLine;

namespace Danmaku.Bench.Scenarios;

/// <summary>The options that all scenarios share which put load on running servers, and how such a scenario is run.</summary>
public static class LoadOptions
{
    public static readonly Option<TimeSpan> Duration = Time("--duration", "How long the tool measures.", TimeSpan.FromSeconds(30));
    public static readonly Option<TimeSpan> Warmup =
        Time("--warmup", "How long the tool posts before it measures: at 25, 50 and 100 % of the rate.", TimeSpan.FromSeconds(5));


    public static readonly Option<double> Rate = new("--rate")
    {
        Description = "Posts per second, of all posters together.",
        DefaultValueFactory = _ => 10,
        Validators = { result => Require<double>(result, value => value is > 0 and <= 1_000_000, "more than 0 and at most 1000000") },
    };

    public static readonly Option<Uri[]> Urls = new("--url")
    {
        Description = "Edge, as http://host:port or ws://host:port. Repeat it for more edges. Default http://localhost:8080.",
        CustomParser = ParseUrls,
        DefaultValueFactory = _ => [new Uri("http://localhost:8080")],
    };

    private static readonly Option<ServerKind> Server = new("--target")
    {
        Description = "Kind of the servers: danmaku, relay (sends every text message to all in its room) or signalr. See the command target.",
        DefaultValueFactory = _ => ServerKind.Danmaku,
    };

    public static readonly Option<string> Room = new("--room")
    {
        Description = "Name of the room; with several rooms, what their names begin with. Nobody else should be there.",
        DefaultValueFactory = _ => "bench",
    };

    private static readonly Option<ViewerFormat> Format = new("--format")
    {
        Description = "Format that viewers use: json, deflate (json with permessage-deflate) or plain. Viewers that post use json in any case.",
        DefaultValueFactory = _ => ViewerFormat.Json,
    };

    private static readonly Option<TextKind> Texts = new("--texts")
    {
        Description = "Texts: fixed (ASCII of --bytes) or corpus (remarks in Chinese, Japanese and English, for compression).",
        DefaultValueFactory = _ => TextKind.Fixed,
    };

    private static readonly Option<int> Bytes =
        Number("--bytes", "Length of a fixed text. A node takes 100 characters by default.", 100, PostTexts.MinBytes, 3000);

    private static readonly Option<int> ConnectRate = Number("--connect-rate", "Viewers that connect per second. 0: as fast as possible.", 500, least: 0);
    private static readonly Option<int> Sample =
        Number("--sample", "One viewer in so many reads all texts and measures latency. All viewers check the order.", 20);

    private static readonly Option<IPAddress[]> Sources = new("--source")
    {
        Description = "Address of this machine to connect from. Repeat it for more: each has about 28,000 ports. On loopback the tool finds them itself.",
        CustomParser = ParseAddresses,
        DefaultValueFactory = _ => [],
    };

    private static readonly Option<ServerProcess[]> Servers = new("--pid")
    {
        Description = "Server process on this machine whose CPU and memory are reported, as edge=123 or 123. Repeat it for more.",
        CustomParser = ParseServers,
        DefaultValueFactory = _ => [],
    };

    private static readonly Option<bool> Spin = new("--spin")
    {
        Description = "Never sleeps, so that servers on this machine do not pay for waking the tool. Takes a whole core.",
    };

    public static readonly Option<FileInfo?> JsonFile = new("--json") { Description = "File for the report as JSON." };
    public static readonly Option<FileInfo?> ReportFile = new("--report") { Description = "File for the report as Markdown." };

    /// <summary>Those of a connection, whatever is done with it.</summary>
    public static IEnumerable<Option> All =>
        [Urls, Server, Room, Format, Texts, Bytes, ConnectRate, Sample, Sources, Servers, Spin, .. ClusterOptions.All, JsonFile, ReportFile];

    /// <param name="viewers">In each room.</param>
    /// <param name="posters">In each room.</param>
    public static LoadSettings Settings(ParseResult line, int rooms, int viewers, int posters) => new(
        line.GetValue(Urls)!,
        line.GetValue(Server),
        line.GetValue(Room)!,
        rooms,
        viewers,
        line.GetValue(Format),
        Math.Min(viewers, posters),
        line.GetValue(Texts),
        line.GetValue(Bytes),
        line.GetValue(ConnectRate),
        line.GetValue(Sample),
        line.GetValue(Sources)!,
        line.GetValue(Servers)!,
        line.GetValue(Spin));

    /// <summary>Runs a scenario, shows how it goes, and writes the report.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        ParseResult line, string scenario, LoadSettings settings, Func<LoadRun, RunReport> measure, CancellationToken cancellation)
    {
        return await GuardAsync(async () =>
        {
            var screen = new Screen(Consoles.Open(), TimeProvider.System);
            var (report, pauses) = await ClusterOptions.RunAsync(line, settings, load => FollowAsync(scenario, load, measure, screen, cancellation));
            report = report with { Pauses = ServerPauses.During(pauses, report.Result.Flow.Begin, report.Result.Flow.Duration) };
            screen.Show(report);
            await WriteAsync(line, report, ReportFiles.Markdown(report), cancellation);
            return report.IsClean ? ExitCode.Clean : ExitCode.NotClean;
        });
    }

    /// <summary>Says why nothing could be measured, if so.</summary>
    public static async Task<int> GuardAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception failure) when (failure is InvalidDataException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync(failure is InvalidDataException ? failure.Message : "Interrupted.");
            return ExitCode.NothingMeasured;
        }
    }

    /// <summary>Writes the files that the command line asks for.</summary>
    public static async Task WriteAsync<T>(ParseResult line, T report, string markdown, CancellationToken cancellation)
    {
        await WriteAsync(line.GetValue(JsonFile), ReportFiles.Json(report), cancellation);
        await WriteAsync(line.GetValue(ReportFile), markdown, cancellation);
    }

    private static async Task<RunReport> FollowAsync(
        string scenario, LoadSettings settings, Func<LoadRun, RunReport> measure, Screen screen, CancellationToken cancellation)
    {
        using var run = new LoadRun(scenario, settings, TimeProvider.System, cancellation);
        var running = LoadRun.StartAsync(() =>
        {
            run.Join();
            return measure(run);
        });
        await screen.FollowAsync(running, () => run.Progress);
        return await running;
    }

    private static async Task WriteAsync(FileInfo? file, string text, CancellationToken cancellation)
    {
        if (file is not null)
        {
            await File.WriteAllTextAsync(file.FullName, text, cancellation);
        }
    }

    private static Uri[] ParseUrls(ArgumentResult result)
    {
        foreach (var token in result.Tokens)
        {
            if (!Uri.TryCreate(token.Value, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "ws"))
            {
                result.AddError($"'{token.Value}' is not an http:// or ws:// address. (TLS is not supported: measure behind the proxy.)");
                return [];
            }
        }

        return [.. result.Tokens.Select(token => new Uri(token.Value))];
    }

    private static IPAddress[] ParseAddresses(ArgumentResult result)
    {
        foreach (var token in result.Tokens.Where(token => !IPAddress.TryParse(token.Value, out _)))
        {
            result.AddError($"'{token.Value}' is not an IP address.");
            return [];
        }

        return [.. result.Tokens.Select(token => IPAddress.Parse(token.Value))];
    }

    private static ServerProcess[] ParseServers(ArgumentResult result)
    {
        var servers = new List<ServerProcess>();
        foreach (var token in result.Tokens)
        {
            var equals = token.Value.LastIndexOf('=');
            if (int.TryParse(token.Value.AsSpan(equals + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
            {
                servers.Add(new ServerProcess(equals < 0 ? $"server {pid}" : token.Value[..equals], pid));
            }
            else
            {
                result.AddError($"'{token.Value}' is not a process id like edge=123 or 123.");
            }
        }

        return [.. servers];
    }
}
