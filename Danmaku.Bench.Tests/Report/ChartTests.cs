using System.Xml.Linq;
using Danmaku.Bench.Compare;
using Danmaku.Bench.Report;

namespace Danmaku.Bench.Tests.Report;

public class ChartTests
{
    [Fact]
    public void A_comparison_has_a_bar_for_each_server_with_the_medians_of_its_runs()
    {
        var report = new ComparisonReport(Some.Machine, 1000, 100, [50, 300],
        [
            Run("danmaku", 5, 0.1), Run("danmaku", 7, 0.2), Run("danmaku", 6, 0.5), new PeerRun("pyws", "", [], null, "There is no Python."),
        ]);

        var bars = Chart.Read(ReportFiles.Json(report), "compare", 50);

        Assert.Equal([new ChartBar("danmaku", 5_000_000, 6), new ChartBar("pyws", null, null)], bars);
    }

    [Fact]
    public void A_run_has_one_bar_under_its_label()
    {
        var report = Some.Run(null, Some.Measurement(800, micros: 0.25), Some.Measurement(50, micros: 9), Some.Measurement(800, micros: 0.25));

        Assert.Equal([new ChartBar("plain", 4_000_000, 9)], Chart.Read(ReportFiles.Json(report), "plain", 50));
    }

    [Fact]
    public void The_picture_is_xml_with_bars_as_long_as_their_values()
    {
        var svg = XDocument.Parse(Chart.Svg([new ChartBar("danmaku", 8_000_000, 2), new ChartBar("a & b", 2_000_000, null)], 50, "here & now"));

        double[] widths = [.. svg.Descendants().Where(IsBar).Select(bar => (double)bar.Attribute("width")!).Where(width => width > 0)];
        string[] texts = [.. svg.Descendants().Where(element => element.Name.LocalName == "text").Select(text => text.Value)];

        Assert.Equal(3, widths.Length);
        Assert.Equal(4, widths[0] / widths[1], 2);
        Assert.Contains("8.0 M", texts);
        Assert.Contains("a & b", texts);
        Assert.Contains("here & now", texts);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"runs":[{"peer":"a"}]}""")]
    public void A_file_that_is_not_a_report_is_refused(string json) => Assert.Throws<InvalidDataException>(() => Chart.Read(json, "x", 50));

    /// <summary>What has the colour of ours or of the others'.</summary>
    private static bool IsBar(XElement element) =>
        (string?)element.Attribute("style") is { } style
        && (style.Contains("rgb(9,105,218)", StringComparison.Ordinal) || style.Contains("rgb(140,149,159)", StringComparison.Ordinal));

    private static PeerRun Run(string peer, double micros, double least) =>
        new(peer, "", [Some.Measurement(50, micros: micros), Some.Measurement(300, micros: 1)], Some.Measurement(1000, micros: least), null);
}
