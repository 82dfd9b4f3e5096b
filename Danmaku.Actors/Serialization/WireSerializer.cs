using System.Buffers;
using System.Collections.Frozen;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;
using Danmaku.Core.Wire;

namespace Danmaku.Actors.Serialization;

/// <summary>
/// Serializes all messages between nodes: a closed set of short manifests, each with a fixed layout of <see cref="BinaryCodec"/> numbers and
/// strings.
/// </summary>
/// <remarks>A manifest is never reused for another message; a release reads a new one before the next release sends it.</remarks>
public sealed class WireSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private const int ScratchBytes = 4 * 1024;

    /// <summary>The largest buffer that a thread keeps; messages are seldom larger.</summary>
    private const int MaxScratchBytes = 64 * 1024;

    private static readonly WireForm[] Forms = [.. ReplicationCodec.Forms, .. PostCodec.Forms, .. HistoryCodec.Forms, .. NodeCodec.Forms, .. PurgeCodec.Forms];
    private static readonly FrozenDictionary<Type, WireForm> ByType = Forms.ToFrozenDictionary(form => form.Type);
    private static readonly FrozenDictionary<string, WireForm> ByManifest = Forms.ToFrozenDictionary(form => form.Manifest, StringComparer.Ordinal);

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _scratch;

    public override int Identifier => 1712;

    public override string Manifest(object o) => FormOf(o).Manifest;

    public override byte[] ToBinary(object obj)
    {
        var buffer = _scratch ??= new ArrayBufferWriter<byte>(ScratchBytes);
        buffer.ResetWrittenCount();
        var writer = new BinaryWriterBuffer(buffer);
        FormOf(obj).Write(ref writer, obj);
        var bytes = buffer.WrittenSpan.ToArray();
        _scratch = buffer.Capacity <= MaxScratchBytes ? buffer : null;
        return bytes;
    }

    /// <exception cref="SerializationException">An unknown manifest, or bytes that are not what it says.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        try
        {
            var form = ByManifest.GetValueOrDefault(manifest ?? "") ?? throw new InvalidDataException("unknown manifest");
            var reader = new BinaryReaderSpan(bytes);
            var message = form.Read(ref reader, bytes);
            return reader.Remaining == 0 ? message : throw new InvalidDataException("trailing bytes");
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or OverflowException)
        {
            throw new SerializationException($"broken message '{manifest}': {e.Message}", e);
        }
    }

    private static WireForm FormOf(object message) =>
        ByType.GetValueOrDefault(message.GetType()) ?? throw new SerializationException($"{message.GetType()} is not a message of the cluster");
}
