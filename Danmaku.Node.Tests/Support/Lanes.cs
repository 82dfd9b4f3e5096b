using Xunit.Abstractions;

[assembly: TestCollectionOrderer("Danmaku.Node.Tests.Support.LongestFirst", "Danmaku.Node.Tests")]

namespace Danmaku.Node.Tests.Support;

/// <summary>
/// Collections of classes that start clusters and mostly wait for them. Tests of one collection run one after the other, and two collections run at a
/// time (<c>maxParallelThreads</c> in <c>xunit.runner.json</c>): with three, two cores are so busy that nodes miss deadlines.
/// </summary>
internal static class Lanes
{
    /// <summary>Nodes die, and the rest needs time to find out.</summary>
    public const string Failover = "failover";

    /// <summary>What else has processes of its own.</summary>
    public const string Processes = "processes";
}

/// <summary>The lanes begin at once, so that none of them is left alone at the end.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderBy(collection => collection.DisplayName is Lanes.Failover or Lanes.Processes or Processes.ClusterFixture.Name ? 0 : 1)
            .ThenBy(collection => collection.DisplayName, StringComparer.Ordinal);
}
