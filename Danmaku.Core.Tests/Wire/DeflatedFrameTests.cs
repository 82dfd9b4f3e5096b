using System.IO.Compression;
using System.Text;
using Danmaku.Core.Rooms;
using Danmaku.Core.Tests.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;
using Danmaku.WebSockets;

namespace Danmaku.Core.Tests.Wire;

public class DeflatedFrameTests
{
    [Fact]
    public void A_large_batch_shrinks_and_is_the_same_again()
    {
        var batch = Comments.Batch(5, new Position(4, 9), 1, 50);
        var plain = WireFormat.Json.Batch(batch);

        var packed = WireFormat.DeflatedJson.Batch(batch);

        Assert.True(packed.Bytes.Length < plain.Bytes.Length / 2);
        Assert.Equal((plain.First, plain.Last), (packed.First, packed.Last));
        Assert.Equal(0xc1, packed.Bytes.Span[0]);
        Assert.Equal(WebSocketFrames.Texts(plain.Bytes.Span).Single(), Inflate(packed));
    }

    [Fact]
    public void A_small_batch_stays_as_it_is()
    {
        var batch = Comments.Batch(5, default, 1, 1);

        Assert.Equal(WireFormat.Json.Batch(batch).Bytes.ToArray(), WireFormat.DeflatedJson.Batch(batch).Bytes.ToArray());
    }

    [Fact]
    public void A_batch_that_does_not_shrink_stays_as_it_is()
    {
        var noise = new byte[PerMessageDeflate.MinBytes];
        new Random(1).NextBytes(noise);
        var frame = Frame.Text(noise);

        Assert.Same(frame, frame.Deflated());
    }

    [Fact]
    public void A_batch_is_encoded_once_for_clients_with_and_without_compression()
    {
        var frames = new DeliveryFrames(Comments.Batch(5, default, 1, 50));

        Assert.Same(frames.For(WireFormat.DeflatedJson), frames.For(WireFormat.DeflatedJson));
        Assert.Equal(WebSocketFrames.Texts(frames.For(WireFormat.Json).Bytes.Span).Single(), Inflate(frames.For(WireFormat.DeflatedJson)));
    }

    /// <summary>RFC 7692 §7.2.2.</summary>
    private static string Inflate(Frame frame)
    {
        var payload = frame.Bytes[Frame.HeaderBytes(frame.Bytes.Span)..];
        using var bytes = new MemoryStream([.. payload.Span, 0, 0, 0xff, 0xff]);
        using var inflate = new DeflateStream(bytes, CompressionMode.Decompress);
        using var reader = new StreamReader(inflate, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
