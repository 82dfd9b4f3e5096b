using Danmaku.WebSockets.Tests.Support;

namespace Danmaku.WebSockets.Tests;

/// <summary>What a reader keeps, and what it does when its owner has hung up.</summary>
public sealed class MessageReaderTests
{
    private const int MaxBytes = 100_000;

    private readonly CountedMemory _memory = new(20_000);

    [Fact]
    public void A_short_text_is_read_where_it_lies_and_allocates_nothing()
    {
        using var reader = NewReader();
        var frames = Enumerable.Range(0, 1000).Select(_ => Wire.Frame(Wire.Text, "short").AsMemory()).ToArray();
        reader.Read(frames[0], out _);
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 1; i < frames.Length; i++)
        {
            reader.Read(frames[i], out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, _memory.Most);
    }

    [Fact]
    public void Half_a_message_is_held_as_far_as_it_has_come_until_it_is_heard()
    {
        using var reader = NewReader();
        var frame = Wire.Frame(Wire.Binary, new byte[10_000]);

        reader.Read(frame.AsMemory(0, 3000), out _);
        Assert.InRange(_memory.Used, 2900, 4096);
        Assert.Equal(10_000, reader.Read(frame.AsMemory(3000), out _).Payload.Length);
        reader.Read(default, out _);

        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public void Less_than_a_KiB_is_held_where_there_is_no_memory()
    {
        _memory.TryTake(20_000);
        using var reader = NewReader();
        var frame = Wire.Frame(Wire.Text, new byte[1000]);

        Assert.Equal(ReceivedKind.Nothing, reader.Read(frame.AsMemory(0, 900), out _).Kind);
        Assert.Equal(ReceivedKind.Text, reader.Read(frame.AsMemory(900), out _).Kind);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void More_is_refused_where_there_is_no_memory_and_nothing_is_kept(bool isFragment)
    {
        _memory.TryTake(19_000);
        using var reader = NewReader();
        var frame = Wire.Frame(Wire.Binary, new byte[5000], final: !isFragment);

        var first = reader.Read(frame.AsMemory(0, isFragment ? frame.Length : 4000), out var count);
        var received = isFragment ? reader.Read(default, out _) : first;

        Assert.Equal(ReadError.NoMemory, received.Error);
        Assert.Equal(19_000, _memory.Used);
        Assert.Equal(ReceivedKind.Close, Rest(reader, [.. frame[count..], .. Wire.CloseFrame(1000)]));
    }

    [Fact]
    public void A_compressed_message_in_pieces_counts_what_inflates_it()
    {
        using var reader = NewReader();
        var frame = Wire.Frame(Wire.Text, Deflated.Message(Wire.Utf8("Hello Hello Hello")), reserved: 4);

        reader.Read(frame.AsMemory(0, 10), out _);

        Assert.InRange(_memory.Used, Deflate.Inflater.Bytes, Deflate.Inflater.Bytes + 1024);
    }

    [Fact]
    public void Whoever_is_hung_up_on_is_followed_to_its_Close_frame()
    {
        using var reader = NewReader();
        var half = Wire.Frame(Wire.Binary, new byte[5000]);
        reader.Read(half.AsMemory(0, 3000), out _);

        reader.Follow();

        Assert.Equal(0, _memory.Used);
        Assert.Equal(ReceivedKind.Close, Rest(reader, [.. half[3000..], .. Wire.Frame(Wire.Text, "a"), .. Wire.Frame(Wire.Ping, "b"), .. Wire.CloseFrame(1000)]));
    }

    [Fact]
    public void A_silent_client_costs_no_buffer()
    {
        using var reader = NewReader();

        Rest(reader, [.. Wire.Frame(Wire.Text, new byte[3000], false), .. Wire.Frame(Wire.Continuation, new byte[3000])]);

        Assert.Equal(0, _memory.Used);
    }

    private MessageReader NewReader() => new(new ReaderOptions(MaxBytes) { Deflate = true, Memory = _memory });

    /// <returns>The last thing that was heard.</returns>
    private static ReceivedKind Rest(MessageReader reader, byte[] bytes)
    {
        var last = ReceivedKind.Nothing;
        for (var rest = bytes.AsMemory(); reader.Read(rest, out var count) is { Kind: not ReceivedKind.Nothing } received; rest = rest[count..])
        {
            last = received.Kind;
        }

        return last;
    }
}
