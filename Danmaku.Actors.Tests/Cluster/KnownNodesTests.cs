using Akka.Actor;
using Akka.Event;
using Danmaku.Actors.Cluster;
using Xunit;

namespace Danmaku.Actors.Tests.Cluster;

public sealed class KnownNodesTests : IDisposable
{
    private static readonly Address Edge = new("akka.tcp", "danmaku", "10.0.0.1", 4053);
    private static readonly Address Origin = new("akka.tcp", "danmaku", "10.0.0.2", 4053);

    private readonly string _directory = Directory.CreateTempSubdirectory("danmaku-").FullName;

    private string File => Path.Combine(_directory, "data", "nodes");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Written_nodes_are_known_at_the_next_start()
    {
        var known = new KnownNodes(File);
        known.Write([Origin], NoLogger.Instance);
        known.Write([Origin, Edge], NoLogger.Instance);

        Assert.Equal([Edge, Origin], new KnownNodes(File).Read());
    }

    [Fact]
    public void A_missing_or_damaged_file_gives_the_addresses_that_can_be_read()
    {
        Assert.Empty(new KnownNodes(File).Read());
        Assert.Empty(new KnownNodes(null).Read());
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        System.IO.File.WriteAllText(File, $"\0\u00ff\nhttp://10.0.0.3\nakka.tcp://danmaku\n{Edge}\n{Origin.ToString()[..20]}");

        Assert.Equal([Edge], new KnownNodes(File).Read());
    }

    [Fact]
    public void A_file_that_cannot_be_written_stops_nothing()
    {
        System.IO.File.WriteAllText(Path.Combine(_directory, "data"), "in the way");

        new KnownNodes(File).Write([Origin], NoLogger.Instance);

        Assert.Empty(new KnownNodes(File).Read());
    }
}
