using Danmaku.Core.Rooms;

namespace Danmaku.Core.Wire;

/// <summary>One batch on its way to the viewers of a room: encoded at most once for each format in use here.</summary>
/// <remarks>Not thread-safe while frames are added; the frames may be shared freely.</remarks>
public sealed class DeliveryFrames(Batch batch)
{
    private readonly Frame?[] _frames = new Frame?[WireFormat.All.Count];

    public Batch Batch => batch;

    public Frame For(WireFormat format) =>
        _frames[format.Index] ??= format.Inner is { } inner ? For(inner).Deflated() : format.Batch(batch);
}
