using System.Globalization;
using System.Text.Json;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Danmaku.Bench.Report;

/// <summary>One bar of a chart, or two.</summary>
/// <param name="PerCoreSecond">Deliveries for each second of the server's CPU at the most that it bore; null when it is not known.</param>
/// <param name="Micros">CPU per delivery at the fixed rate; null when it was not measured.</param>
public sealed record ChartBar(string Label, double? PerCoreSecond, double? Micros);

/// <summary>Reports as a picture: deliveries per core-second, and CPU per delivery, as bars.</summary>
public static class Chart
{
    private const int Width = 776;
    private const int RowHeight = 30;

    /// <summary>Place for labels: browsers have other fonts than those that the library measures.</summary>
    private const int LabelWidth = 150;

    /// <summary>Of the height: what is left free between two panels.</summary>
    private const double Gap = 0.04;

    private static readonly OxyColor Ours = OxyColor.Parse("#0969da");
    private static readonly OxyColor Others = OxyColor.Parse("#8c959f");

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

    /// <summary>An SVG on white, a panel for each figure that is known.</summary>
    /// <param name="about">A line above: machine and date.</param>
    public static string Svg(IReadOnlyList<ChartBar> bars, double rate, string about)
    {
        (string Title, Func<ChartBar, double?> ValueOf, Func<double, string> Show)[] panels =
        [
            ("Most deliveries per core-second with p99 < 250 ms and nothing missing", bar => bar.PerCoreSecond, Count),
            (Text($"CPU per delivery at {rate:0.##} posts/s, in µs (less is better)"), bar => bar.Micros, value => Text($"{value:0.0#}")),
        ];
        panels = [.. panels.Where(panel => bars.Any(bar => panel.ValueOf(bar) > 0))];
        var model = new PlotModel
        {
            Background = OxyColors.White,
            PlotAreaBorderThickness = new OxyThickness(0),
            PlotMargins = new OxyThickness(LabelWidth, 0, 0, 0),
            DefaultFont = "Helvetica, Arial, sans-serif",
            DefaultFontSize = 13,
            Subtitle = about,
            SubtitleFontSize = 11,
            SubtitleColor = OxyColors.DimGray,
        };
        foreach (var (i, panel) in panels.Index())
        {
            var (top, height) = (1 - ((double)i / panels.Length), (1.0 / panels.Length) - Gap);
            Add(model, panel.Title, top, top - height, [.. bars.Select(bar => (bar.Label, panel.ValueOf(bar)))], panel.Show);
        }

        return new SvgExporter { Width = Width, Height = RowHeight * ((panels.Length * (bars.Count + 1)) + 1), UseVerticalTextAlignmentWorkaround = true }
            .ExportToString(model);
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

    /// <summary>A panel of bars between two heights, 0 at the bottom and 1 at the top, with its title above and each value behind its bar.</summary>
    private static void Add(
        PlotModel model, string title, double top, double bottom, IReadOnlyList<(string Label, double? Value)> bars, Func<double, string> show)
    {
        var (labels, values) = ($"labels of {title}", $"values of {title}");
        model.Axes.Add(new CategoryAxis
        {
            Key = labels,
            Position = AxisPosition.Left,
            StartPosition = top,
            EndPosition = bottom,
            Minimum = -1.2,
            Maximum = bars.Count - 0.5,
            ItemsSource = bars.Select(bar => bar.Label).ToList(),
            TickStyle = TickStyle.None,
            GapWidth = 0.4,
        });
        var longest = 1.15 * bars.Max(bar => bar.Value ?? 0);
        model.Axes.Add(new LinearAxis { Key = values, Position = AxisPosition.Bottom, Minimum = 0, Maximum = longest, IsAxisVisible = false });
        var series = new BarSeries { XAxisKey = values, YAxisKey = labels, StrokeThickness = 0, BarWidth = 1 };
        model.Series.Add(series);
        model.Annotations.Add(Beside((values, labels), title, 0, -0.9, FontWeights.Bold, margin: 0));
        foreach (var (i, (label, value)) in bars.Index())
        {
            var isOurs = label.StartsWith("danmaku", StringComparison.OrdinalIgnoreCase);
            series.Items.Add(new BarItem(value ?? 0, i) { Color = isOurs ? Ours : Others });
            var shown = value is { } known ? show(known) : "–";
            model.Annotations.Add(Beside((values, labels), shown, value ?? 0, i, FontWeights.Normal, margin: 4));
        }
    }

    /// <summary>A text beside a point.</summary>
    /// <param name="axes">The keys of its axes.</param>
    private static TextAnnotation Beside((string X, string Y) axes, string text, double x, double y, double weight, double margin) => new()
    {
        XAxisKey = axes.X,
        YAxisKey = axes.Y,
        TextPosition = new DataPoint(x, y),
        Text = text,
        FontWeight = weight,
        Offset = new ScreenVector(margin, 0),
        TextHorizontalAlignment = HorizontalAlignment.Left,
        TextVerticalAlignment = VerticalAlignment.Middle,
        StrokeThickness = 0,
    };

    private static string Count(double value) => value >= 1e6 ? Text($"{value / 1e6:0.0} M") : Text($"{value / 1e3:0} k");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
