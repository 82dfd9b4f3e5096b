using BenchmarkDotNet.Attributes;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;

namespace Danmaku.Bench.Micro;

/// <summary>What is done once for each batch of a room, however many viewers it has.</summary>
[MemoryDiagnoser]
public class FrameBenchmarks
{
    private Batch _batch = Said.Batch(2, 1);

    [Params(1, 16, 256)]
    public int Comments { get; set; }

    [GlobalSetup]
    public void Say() => _batch = Said.Batch(2, Comments);

    [Benchmark]
    public Frame Json() => new DeliveryFrames(_batch).For(WireFormat.Json);

    [Benchmark]
    public Frame Plain() => new DeliveryFrames(_batch).For(WireFormat.Plain);

    [Benchmark]
    public Frame DeflatedJson() => new DeliveryFrames(_batch).For(WireFormat.DeflatedJson);
}
