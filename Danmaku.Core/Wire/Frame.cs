using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;
using Danmaku.WebSockets;

namespace Danmaku.Core.Wire;

/// <summary>One unit that is sent to a viewer: complete WebSocket frames, and which danmaku they carry.</summary>
/// <param name="bytes">Complete WebSocket frames (RFC 6455 §5.2).</param>
/// <param name="first">Of a batch: the position of its first danmaku; none for everything else.</param>
/// <param name="last">Of a batch: the position of its last danmaku.</param>
public sealed class Frame(ReadOnlyMemory<byte> bytes, Position first = default, Position last = default) : SharedFrame(bytes)
{
    public Position First { get; } = first;

    public Position Last { get; } = last;

    /// <summary>How many danmaku it carries.</summary>
    public int Comments => IsBatch ? (int)(Last.Offset - First.Offset + 1) : 0;

    /// <summary>Batches may be skipped for a slow viewer; everything else may not.</summary>
    public bool IsBatch => !First.IsNone;

    /// <summary>The recalls among them: a viewer that does not get this batch still has to hear of these.</summary>
    public IReadOnlyList<Recall> Recalls { get; init; } = [];

    /// <summary>Whether the next frame of its kind replaces this one, as for a count: a late viewer needs only the newest.</summary>
    public bool IsReplaceable { get; private init; }

    /// <summary>One text message.</summary>
    public static Frame Text(ReadOnlySpan<byte> payload) => new(EncodeText(payload));

    /// <summary>One text message that carries a batch.</summary>
    public static Frame Text(ReadOnlySpan<byte> payload, Batch batch) =>
        new(EncodeText(payload), batch.First, batch.Last) { Recalls = batch.Recalls };

    public Frame AsReplaceable() => new(Bytes, First, Last) { IsReplaceable = true };

    /// <summary>This frame compressed with permessage-deflate, or itself if it is small or does not shrink.</summary>
    /// <remarks>Only for one uncompressed text message in one frame.</remarks>
    /// <param name="minBytes">Smallest payload that is compressed.</param>
    public Frame Deflated(int minBytes = PerMessageDeflate.MinBytes) =>
        PerMessageDeflate.Compress(Bytes.Span, minBytes) is { } compressed
            ? new Frame(compressed, First, Last) { IsReplaceable = IsReplaceable, Recalls = Recalls }
            : this;
}
