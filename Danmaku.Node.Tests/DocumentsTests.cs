using System.Text.RegularExpressions;
using Danmaku.Node.Options;
using Danmaku.Node.Tests.Support;

namespace Danmaku.Node.Tests;

/// <summary>Documents name what the code has, and each other.</summary>
public sealed partial class DocumentsTests
{
    private static readonly string Operations = File.ReadAllText(Path.Combine(Repository.Root, "docs/operations.md"));

    [Fact]
    public void Each_option_stands_in_the_tables_for_operators()
    {
        string[] missing = [.. OptionKeys.All.Where(key => !Regex.IsMatch(Operations, $@"[`:]{key.Split(':')[^1]}`", RegexOptions.CultureInvariant))];

        Assert.Empty(missing);
    }

    [Fact]
    public void Each_metric_stands_in_the_table_for_operators()
    {
        // A row may name several of one family: `danmaku_replication_batches_total`, `…_comments_total`.
        var metrics = Metric().Matches(File.ReadAllText(Path.Combine(Repository.Root, "Danmaku.Core/Observability/DanmakuMetrics.cs")))
            .Select(match => match.Groups[1].Value)
            .ToArray();

        Assert.True(metrics.Length > 20);
        string[] missing =
        [
            .. metrics.Where(metric =>
                !Operations.Contains(metric, StringComparison.Ordinal)
                && !Operations.Contains($"`…_{metric.Split('_')[^1]}", StringComparison.Ordinal)),
        ];
        Assert.Empty(missing);
    }

    [Fact]
    public void Each_decision_has_a_status_and_what_amends_it_says_so()
    {
        var decisions = Directory.GetFiles(Path.Combine(Repository.Root, "docs/decisions"), "*.md")
            .ToDictionary(file => Path.GetFileName(file), file => File.ReadAllText(file));

        Assert.NotEmpty(decisions);
        Assert.All(decisions, decision =>
        {
            var status = decision.Value.Split('\n')[2];
            Assert.Matches(@"^Status: (accepted|superseded), 2\d{3}-\d\d-\d\d[;.]", status);
            Assert.All(Link().Matches(status), link => Assert.Contains(decision.Key, decisions[link.Groups[1].Value], StringComparison.Ordinal));
        });
    }

    [GeneratedRegex(@"\]\(([^)]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("\"(danmaku_[a-z_]+)\"")]
    private static partial Regex Metric();
}
