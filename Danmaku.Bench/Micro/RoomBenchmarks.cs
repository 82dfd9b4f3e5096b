using BenchmarkDotNet.Attributes;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;

namespace Danmaku.Bench.Micro;

/// <summary>What an origin does for each post, and an edge for each slice.</summary>
[MemoryDiagnoser]
public class RoomBenchmarks
{
    private const int Posts = 64;

    private static readonly RoomLimits Limits = RoomLimits.Default with { PostsPerSecond = 1e9 };

    private readonly Room _origin = new(RoomOpening.First(Said.Epoch), Limits, TimeProvider.System);
    private readonly EdgeRoom _edge = new(Limits);
    private readonly EdgeRoom _shuffled = new(Limits);
    private long _number;
    private long _offset;
    private long _shuffledOffset;

    [GlobalSetup]
    public void Attach()
    {
        _edge.Attached(new RoomHead(new Position(Said.Epoch, 0), Position.None), []);
        _shuffled.Attached(new RoomHead(new Position(Said.Epoch, 0), Position.None), []);
    }

    /// <summary>Accept, store and publish.</summary>
    [Benchmark(OperationsPerInvoke = Posts)]
    public int Post()
    {
        for (var i = 0; i < Posts; i++)
        {
            _origin.Post(Said.Post(_number++));
        }

        _origin.Saved(_origin.TakeUnsaved()[^1].Comment.Offset);
        return _origin.TakePublished().Count;
    }

    [Benchmark(OperationsPerInvoke = Posts)]
    public int MergeInOrder()
    {
        _edge.Slice(Said.Batch(_offset + 1, Posts));
        _offset += Posts;
        return _edge.Take().Count;
    }

    /// <summary>The second half comes before the first.</summary>
    [Benchmark(OperationsPerInvoke = Posts)]
    public int MergeOutOfOrder()
    {
        _shuffled.Slice(Said.Batch(_shuffledOffset + 1 + (Posts / 2), Posts / 2));
        _shuffled.Slice(Said.Batch(_shuffledOffset + 1, Posts / 2));
        _shuffledOffset += Posts;
        return _shuffled.Take().Count;
    }
}
