using Danmaku.Node.Tests.Support;
using Danmaku.Testing;
using Xunit.Abstractions;

namespace Danmaku.Node.Tests.Processes;

/// <summary>The promises of the README while nodes and the store are killed and stopped: what Danmaku.Chaos finds in two minutes.</summary>
[Collection(Lanes.Processes)]
[Trait("Category", "process")]
public sealed class ChaosTests(ITestOutputHelper output)
{
    /// <summary>It takes two and a half; every wait in it is bounded, and this is more than all of them.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    [SkippableFact]
    public async Task Nothing_is_lost_doubled_or_reordered_when_nodes_and_the_store_die()
    {
        Skip.If(PostgresServer.Programs is null, NotInstalled.PostgreSql);
        await using var chaos = OwnedProcess.Start(Programs.Chaos, ["--schedule", "short", "--seed", "7", "--settle", "2m"], Testing.Programs.CleanUp);

        var code = await chaos.EndAsync(Patience);

        var report = string.Join('\n', chaos.Output.Concat(chaos.Errors));
        output.WriteLine(report);
        Assert.True(code == 0, report);
    }
}
