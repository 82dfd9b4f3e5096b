using System.Text;
using BenchmarkDotNet.Attributes;
using Danmaku.WebSockets;

namespace Danmaku.Bench.Micro;

/// <summary>What is done for each message that a client sends, before anybody knows what it says.</summary>
[MemoryDiagnoser]
public class ReaderBenchmarks : IByteSource, IClientListener
{
    private const int Frames = 64;
    private const int HeaderBytes = 6;

    /// <summary>A mask of zeros costs as much as any other, and the same bytes can be read again.</summary>
    private byte[] _frames = [];
    private IByteSink _sink = null!;
    private long _heard;

    /// <summary>At most 125.</summary>
    [Params(16, 100)]
    public int PayloadBytes { get; set; }

    public bool IsClosing => false;

    [GlobalSetup]
    public void Connect()
    {
        byte[] frame = [0x81, (byte)(0x80 | PayloadBytes), 0, 0, 0, 0, .. Encoding.ASCII.GetBytes(new string('a', PayloadBytes))];
        _frames = [.. Enumerable.Repeat(frame, Frames).SelectMany(bytes => bytes)];
        new ConnectionReader(this, new ReaderOptions(4096), this, TimeProvider.System).RunAsync();
    }

    /// <summary>One frame at a time.</summary>
    [Benchmark(OperationsPerInvoke = Frames)]
    public long OneByOne()
    {
        for (var i = 0; i < Frames; i++)
        {
            _sink.Take(_frames.AsMemory(i * (HeaderBytes + PayloadBytes), HeaderBytes + PayloadBytes));
        }

        return _heard;
    }

    /// <summary>All frames in one piece, as a busy client sends them.</summary>
    [Benchmark(OperationsPerInvoke = Frames)]
    public long Together()
    {
        _sink.Take(_frames);
        return _heard;
    }

    public void Start(IByteSink sink) => _sink = sink;

    public void Resume()
    {
    }

    public void Came()
    {
    }

    public TimeSpan Pay() => TimeSpan.Zero;

    public ValueTask HearAsync(Received received)
    {
        _heard += received.Payload.Length;
        return ValueTask.CompletedTask;
    }

    public void Failed(Exception error) => throw error;
}
