using Danmaku.Bench.Compare;
using Danmaku.Bench.Report;

namespace Danmaku.Bench.Tests.Report;

public class ComparisonFiguresTests
{
    [Fact]
    public void Several_runs_of_a_server_are_one_row_of_medians_and_ranges()
    {
        var report = Report(Run("a", 3), Run("b", 9), Run("a", 1), Run("a", 2));

        var rows = ComparisonFigures.Rows(report).ToArray();

        Assert.Equal(["a", "b"], rows.Select(row => row[0]));
        Assert.All(rows, row => Assert.Equal(ComparisonFigures.Columns(report).Count, row.Count));
        Assert.Equal("2.0 (1.0–3.0)", rows[0][4]);
        Assert.Equal("9.0", rows[1][4]);
    }

    [Fact]
    public void A_server_that_did_not_bear_a_rate_or_could_not_be_had_is_told()
    {
        var report = Report(
            Run("slow", 20) with { Rates = [Some.Measurement(50, p99: 300, micros: 20)], Best = null },
            new PeerRun("gone", "", [], null, "There is no C compiler (cc)."));

        var rows = ComparisonFigures.Rows(report).ToArray();

        Assert.Equal("20.0 [0/1 borne]", rows[0][4]);
        Assert.Equal("–", rows[0][1]);
        Assert.Equal("–", rows[1][4]);
        Assert.Contains("gone: There is no C compiler (cc).", ComparisonFigures.Remarks(report));
        Assert.Contains("| slow | – |", ComparisonFigures.Markdown(report), StringComparison.Ordinal);
    }

    private static ComparisonReport Report(params PeerRun[] runs) => new(Some.Machine, 1000, 100, [50], runs);

    private static PeerRun Run(string peer, double micros) =>
        new(peer, "", [Some.Measurement(50, micros: micros)], Some.Measurement(1000, micros: 0.5), null);
}
