using Danmaku.Core.Wire;

namespace Danmaku.Actors.Serialization;

/// <summary>The wire format of one type of message: its manifest and its bytes.</summary>
/// <param name="manifest">Never reused for another message.</param>
internal abstract class WireForm(string manifest, Type type)
{
    public string Manifest => manifest;

    public Type Type => type;

    public abstract void Write(ref BinaryWriterBuffer writer, object message);

    /// <param name="bytes">All bytes of the message; the result may refer to a part of them.</param>
    /// <exception cref="InvalidDataException">The bytes are malformed.</exception>
    public abstract object Read(ref BinaryReaderSpan reader, byte[] bytes);
}

internal sealed class WireForm<T>(string manifest, WireForm<T>.Writer write, WireForm<T>.Reader read) : WireForm(manifest, typeof(T))
    where T : class, Rooms.IWireMessage
{
    public delegate void Writer(ref BinaryWriterBuffer writer, T message);

    public delegate T Reader(ref BinaryReaderSpan reader, byte[] bytes);

    public override void Write(ref BinaryWriterBuffer writer, object message) => write(ref writer, (T)message);

    public override object Read(ref BinaryReaderSpan reader, byte[] bytes) => read(ref reader, bytes);
}
