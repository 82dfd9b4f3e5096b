using System.Text;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Wire;

/// <summary>Plain text: one danmaku is one text message (docs/protocol.md §3).</summary>
public sealed class PlainFormat : WireFormat
{
    public override string? Subprotocol => null;

    public override int Index => 1;

    public override bool CanSkip => false;

    public override bool HasJoin => false;

    /// <summary>
    /// All messages of the batch, one after the other, in one piece of memory. The format has no message for a recall, nor for what was recalled: the piece
    /// may be empty.
    /// </summary>
    public override Frame Batch(Batch batch)
    {
        var bytes = new byte[batch.Comments.Sum(comment => Frame.MaxHeaderBytes + Encoding.UTF8.GetMaxByteCount(comment.Text.Length))];
        var length = 0;
        foreach (var comment in batch.Comments.Where(comment => comment.IsShown))
        {
            var payload = Encoding.UTF8.GetByteCount(comment.Text);
            length += Frame.WriteTextHeader(bytes.AsSpan(length), payload);
            length += Encoding.UTF8.GetBytes(comment.Text, bytes.AsSpan(length));
        }

        return new Frame(bytes.AsSpan(0, length).ToArray(), batch.First, batch.Last);
    }
}
