using System.Buffers;
using BenchmarkDotNet.Attributes;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;

namespace Danmaku.Bench.Micro;

/// <summary>What is done for each post and for each batch between nodes.</summary>
[MemoryDiagnoser]
public class CodecBenchmarks
{
    private const int Comments = 32;

    private readonly byte[] _post = """{"type":"post","id":"00112233445566778899aabbccddeeff","text":"前方高能预警"}"""u8.ToArray();
    private readonly Batch _batch = Said.Batch(1, Comments);
    private readonly ArrayBufferWriter<byte> _buffer = new(16 * 1024);
    private byte[] _encoded = [];

    [GlobalSetup]
    public void Encode()
    {
        WriteComments();
        _encoded = _buffer.WrittenSpan.ToArray();
    }

    [Benchmark]
    public ClientMessage ReadPost() => ClientMessage.Read(_post);

    [Benchmark(OperationsPerInvoke = Comments)]
    public int WriteComments()
    {
        _buffer.ResetWrittenCount();
        var writer = new BinaryWriterBuffer(_buffer);
        BinaryCodec.WriteComments(ref writer, _batch.Comments);
        return _buffer.WrittenCount;
    }

    [Benchmark(OperationsPerInvoke = Comments)]
    public Comment[] ReadComments()
    {
        var reader = new BinaryReaderSpan(_encoded);
        return BinaryCodec.ReadComments(ref reader, 1, Comments);
    }
}
