using System.CommandLine;
using System.Text.Json;
using Danmaku.Bench.Report;

namespace Danmaku.Bench.Scenarios;

/// <summary>The command line of <see cref="Chart"/>.</summary>
public static class ChartCommand
{
    private const double DefaultRate = 50;

    private static readonly Argument<string[]> Reports = new("reports")
    {
        Description = "JSON reports of compare, fanout or rooms. label=file gives a single run a name.",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<FileInfo> Out = new("--out") { Description = "SVG file to write.", DefaultValueFactory = _ => new FileInfo("chart.svg") };

    private static readonly Option<double> Rate = new("--rate")
    {
        Description = "Posts per second of the second panel, CPU per delivery.",
        DefaultValueFactory = _ => DefaultRate,
    };

    public static Command Create()
    {
        var command = new Command("chart", "Draws reports as bars: deliveries per core-second, and CPU per delivery.") { Reports, Out, Rate };
        command.SetAction((line, cancellation) => LoadOptions.GuardAsync(() => DrawAsync(line, cancellation)));
        return command;
    }

    private static async Task<int> DrawAsync(ParseResult line, CancellationToken cancellation)
    {
        var (bars, about, rate) = (new List<ChartBar>(), "", line.GetValue(Rate));
        foreach (var report in line.GetValue(Reports)!)
        {
            var equals = report.IndexOf('=', StringComparison.Ordinal);
            var file = report[(equals + 1)..];
            if (!File.Exists(file))
            {
                throw new InvalidDataException($"There is no {file}.");
            }

            var json = await File.ReadAllTextAsync(file, cancellation);
            bars.AddRange(Chart.Read(json, equals < 0 ? Path.GetFileNameWithoutExtension(file) : report[..equals], rate));
            about = About(json);
        }

        await File.WriteAllTextAsync(line.GetValue(Out)!.FullName, Chart.Svg(bars, rate, about), cancellation);
        return ExitCode.Clean;
    }

    private static string About(string json)
    {
        using var report = JsonDocument.Parse(json);
        var machine = report.RootElement.GetProperty("machine");
        string Field(string name) => machine.GetProperty(name).GetString()!;
        return $"{Field("date")}, one core of {Field("cpu")}, {Field("system")}, {Field("runtime")}";
    }
}
