using System.CommandLine;
using System.CommandLine.Parsing;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Report;
using static Danmaku.Bench.Scenarios.CommandLine;

namespace Danmaku.Bench.Scenarios;

/// <summary>The command line of <see cref="Fanout"/>.</summary>
public static class FanoutCommand
{
    /// <summary>Bounds the memory of a run.</summary>
    private const double MaxPosts = 10_000_000;

    private static readonly Option<Uri[]> Urls = new("--url")
    {
        Description = "An edge, as http://host:port or ws://host:port; repeat it for more edges. Default http://localhost:8080.",
        CustomParser = ParseUrls,
        DefaultValueFactory = _ => [new Uri("http://localhost:8080")],
    };

    private static readonly Option<string> Room = new("--room")
    {
        Description = "The room; nobody else should be in it.",
        DefaultValueFactory = _ => "bench",
    };

    private static readonly Option<int> Viewers = Number("--viewers", "How many viewers join, spread over the edges.", 100);
    private static readonly Option<double> Rate = new("--rate")
    {
        Description = "Posts per second, of all posters together.",
        DefaultValueFactory = _ => 10,
        Validators = { result => Require(result, result.GetValueOrDefault<double>() is > 0 and <= 100_000, "more than 0 and at most 100000") },
    };

    private static readonly Option<TimeSpan> Duration = Time("--duration", "How long is measured.", TimeSpan.FromSeconds(30));
    private static readonly Option<TimeSpan> Warmup = Time("--warmup", "How long posts go before that.", TimeSpan.FromSeconds(5));
    private static readonly Option<ViewerFormat> Format = new("--format")
    {
        Description = "What viewers speak; posters speak json in any case.",
        DefaultValueFactory = _ => ViewerFormat.Json,
    };

    private static readonly Option<int> Bytes =
        Number("--bytes", "Length of a post's text; a node takes 100 characters by default.", 100, PostTexts.MinBytes, 3000);

    private static readonly Option<int?> Posters = new("--posters")
    {
        Description = "How many of the viewers post. Default: as many as keep each below 4 posts/s, for a node's default limit of 5.",
        Validators = { result => Require(result, result.GetValueOrDefault<int?>() is null or > 0, "at least 1") },
    };

    private static readonly Option<int> ConnectRate = Number("--connect-rate", "Viewers that join per second.", 500);
    private static readonly Option<int> Sample = Number("--sample", "One viewer in so many reads all texts and measures latency.", 20);
    private static readonly Option<int[]> ServerPids = new("--server-pid")
    {
        Description = "A server's process on this machine, to report its CPU and memory; repeatable.",
    };

    private static readonly Option<FileInfo?> JsonFile = new("--json") { Description = "Write the report to this file as JSON." };
    private static readonly Option<FileInfo?> MarkdownFile = new("--markdown") { Description = "Write the report to this file as Markdown." };

    public static Command Create()
    {
        var command = new Command("fanout", "One room with many viewers, some of whom post: who gets what, how fast, and what is missing. "
            + "Ends with 0 if every viewer got everything once and in order, with 1 if not, with 2 if nothing could be measured.")
        {
            Urls, Room, Viewers, Rate, Duration, Warmup, Format, Bytes, Posters, ConnectRate, Sample, ServerPids, JsonFile, MarkdownFile,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult line, CancellationToken cancellation)
    {
        var settings = Settings(line);
        try
        {
            var report = await MeasureAsync(settings, cancellation);
            await WriteAsync(line.GetValue(JsonFile), ReportFiles.Json(report), cancellation);
            await WriteAsync(line.GetValue(MarkdownFile), ReportFiles.Markdown(report), cancellation);
            return report.IsClean ? ExitCode.Clean : ExitCode.NotClean;
        }
        catch (Exception failure) when (failure is InvalidDataException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync(failure is InvalidDataException ? failure.Message : "Interrupted.");
            return ExitCode.NothingMeasured;
        }
    }

    private static async Task<FanoutReport> MeasureAsync(FanoutSettings settings, CancellationToken cancellation)
    {
        if ((settings.Warmup + settings.Duration).TotalSeconds * settings.Rate > MaxPosts)
        {
            throw new InvalidDataException($"A run has at most {MaxPosts:0} posts.");
        }

        var screen = new Screen(Screen.Open(), TimeProvider.System);
        using var fanout = new Fanout(settings, TimeProvider.System);
        var run = fanout.RunAsync(cancellation);
        await screen.FollowAsync(run, () => fanout.Progress);
        screen.Show(await run);
        return await run;
    }

    private static FanoutSettings Settings(ParseResult line)
    {
        var (viewers, rate) = (line.GetValue(Viewers), line.GetValue(Rate));
        return new FanoutSettings(
            line.GetValue(Urls)!,
            line.GetValue(Room)!,
            viewers,
            rate,
            line.GetValue(Warmup),
            line.GetValue(Duration),
            line.GetValue(Format),
            line.GetValue(Bytes),
            Math.Min(viewers, line.GetValue(Posters) ?? FanoutSettings.DefaultPosters(rate)),
            line.GetValue(ConnectRate),
            line.GetValue(Sample),
            line.GetValue(ServerPids) ?? []);
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
}
