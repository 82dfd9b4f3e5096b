using System.Globalization;
using System.Security;
using System.Text;
using System.Text.Json;

namespace Danmaku.Bench.Report;

/// <summary>One bar of a chart, or two.</summary>
/// <param name="PerCoreSecond">Deliveries for each second of the server's CPU at the most that it bore; null when it is not known.</param>
/// <param name="Micros">CPU per delivery at the fixed rate; null when it was not measured.</param>
public sealed record ChartBar(string Label, double? PerCoreSecond, double? Micros);

/// <summary>Reports as a picture: deliveries per core-second, and CPU per delivery, as bars.</summary>
public static class Chart
{
    private const int Width = 760;
    private const int LabelWidth = 150;
    private const int BarHeight = 22;
    private const int Gap = 8;
    private const int TitleHeight = 34;
    private const int ValueWidth = 110;

    /// <summary>Takes the bars from a JSON report of compare, fanout or rooms.</summary>
    /// <param name="label">What a single run is called; peers of a comparison have names.</param>
    /// <param name="rate">Posts per second of the second row of bars.</param>
    /// <exception cref="InvalidDataException">This is not such a report.</exception>
    public static IReadOnlyList<ChartBar> Read(string json, string label, double rate)
    {
        try
        {
            using var report = JsonDocument.Parse(json);
            return report.RootElement.TryGetProperty("runs", out var runs)
                ? [.. runs.EnumerateArray().GroupBy(run => run.GetProperty("peer").GetString()!).Select(peer => Peer(peer.Key, [.. peer], rate))]
                : [Run(report.RootElement, label, rate)];
        }
        catch (Exception malformed) when (malformed is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException($"{label} is no report of this tool: {malformed.Message}", malformed);
        }
    }

    /// <summary>An SVG that fits light and dark pages.</summary>
    /// <param name="about">A line below: machine and date.</param>
    public static string Svg(IReadOnlyList<ChartBar> bars, double rate, string about)
    {
        var svg = new StringBuilder();
        var y = 0;
        AppendPanel(svg, ref y, "Deliveries per core-second at the most that each bears (p99 < 250 ms, nothing missing)", bars, bar => bar.PerCoreSecond, Count);
        AppendPanel(svg, ref y, Text($"CPU per delivery at {rate:0.##} posts/s, in µs (less is better)"), bars, bar => bar.Micros, value => Text($"{value:0.0#}"));
        svg.Append(Text($"<text class=\"about\" x=\"0\" y=\"{y + 12}\">{SecurityElement.Escape(about)}</text>\n"));
        return Text($"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -4 {Width + 16} {y + 24}" width="{Width + 16}" height="{y + 24}" role="img" aria-label="{SecurityElement.Escape(about)}">
            <style>
            text {"{"} font: 13px system-ui, sans-serif; fill: #24292f {"}"} .title {"{"} font-weight: 600 {"}"} .about {"{"} font-size: 11px; opacity: .7 {"}"}
            rect {"{"} fill: #8c959f {"}"} .ours {"{"} fill: #0969da {"}"}
            @media (prefers-color-scheme: dark) {"{"} text {"{"} fill: #e6edf3 {"}"} rect {"{"} fill: #6e7681 {"}"} .ours {"{"} fill: #58a6ff {"}"} {"}"}
            </style>

            """) + svg + "</svg>\n";
    }

    private static ChartBar Peer(string name, IReadOnlyList<JsonElement> runs, double rate) => new(
        name,
        Median(runs.Select(run => run.GetProperty("best")).Where(best => best.ValueKind == JsonValueKind.Object).Select(best => PerCore(Micros(best)))),
        Median(runs.SelectMany(run => run.GetProperty("rates").EnumerateArray()).Where(step => RateOf(step) == rate).Select(Micros)));

    private static ChartBar Run(JsonElement report, string label, double rate)
    {
        var result = report.GetProperty("result");
        var steps = report.GetProperty("steps").EnumerateArray().Append(result).Where(step => RateOf(step) == rate).Select(Micros);
        return new ChartBar(label, PerCore(Micros(result)), Median(steps.Take(1)));
    }

    private static double RateOf(JsonElement step) => step.GetProperty("rate").GetDouble();

    /// <summary>Of the process that is compared, which is the first.</summary>
    private static double? Micros(JsonElement step) =>
        step.GetProperty("load").GetProperty("servers").EnumerateArray().FirstOrDefault() is { ValueKind: JsonValueKind.Object } server
            ? server.GetProperty("microsPerDelivery").GetDouble()
            : null;

    private static double? PerCore(double? micros) => micros > 0 ? 1e6 / micros : null;

    private static double? Median(IEnumerable<double?> values)
    {
        double[] sorted = [.. values.OfType<double>().Order()];
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static void AppendPanel(
        StringBuilder svg, ref int y, string title, IReadOnlyList<ChartBar> bars, Func<ChartBar, double?> valueOf, Func<double, string> show)
    {
        var longest = bars.Max(bar => valueOf(bar) ?? 0);
        if (longest == 0)
        {
            return;
        }

        svg.Append(Text($"<text class=\"title\" x=\"0\" y=\"{y + 16}\">{SecurityElement.Escape(title)}</text>\n"));
        y += TitleHeight - Gap;
        foreach (var bar in bars)
        {
            var value = valueOf(bar);
            var length = Math.Max(1, (value ?? 0) / longest * (Width - LabelWidth - ValueWidth));
            var kind = bar.Label.StartsWith("danmaku", StringComparison.OrdinalIgnoreCase) ? " class=\"ours\"" : "";
            svg.Append(Text($"<text x=\"{LabelWidth - 8}\" y=\"{y + 16}\" text-anchor=\"end\">{SecurityElement.Escape(bar.Label)}</text>"));
            svg.Append(Text($"<rect{kind} x=\"{LabelWidth}\" y=\"{y}\" width=\"{length:0.#}\" height=\"{BarHeight}\" rx=\"3\"/>"));
            svg.Append(Text($"<text x=\"{LabelWidth + length + 6:0.#}\" y=\"{y + 16}\">{(value is { } known ? show(known) : "–")}</text>\n"));
            y += BarHeight + Gap;
        }

        y += Gap;
    }

    private static string Count(double value) => value >= 1e6 ? Text($"{value / 1e6:0.0} M") : Text($"{value / 1e3:0} k");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
