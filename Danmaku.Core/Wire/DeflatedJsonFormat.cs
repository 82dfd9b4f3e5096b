using Danmaku.Core.Rooms;

namespace Danmaku.Core.Wire;

/// <summary><see cref="JsonFormat"/> with large batches compressed.</summary>
/// <param name="index">Its place in <see cref="WireFormat.All"/>.</param>
public sealed class DeflatedJsonFormat(int index) : JsonFormat(index)
{
    public override WireFormat? Deflated => null;

    public override WireFormat? Inner => Json;

    public override Frame Batch(Batch batch) => base.Batch(batch).Deflated();
}
