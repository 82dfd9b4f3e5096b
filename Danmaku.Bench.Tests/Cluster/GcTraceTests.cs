using Danmaku.Bench.Cluster;

namespace Danmaku.Bench.Tests.Cluster;

public sealed class GcTraceTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("")]
    [InlineData("Nettrace")]
    public void Leftovers_of_a_killed_server_do_not_prevent_the_report(string left)
    {
        File.WriteAllText(_file, left);

        Assert.Empty(new GcTrace("edge", _file).Read().Pauses);
    }
}
