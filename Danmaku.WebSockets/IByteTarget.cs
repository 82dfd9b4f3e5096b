namespace Danmaku.WebSockets;

/// <summary>Where a connection's bytes go. Called for one write after the other.</summary>
public interface IByteTarget
{
    /// <summary>Writes all of it; ends at once when that needs no waiting.</summary>
    /// <exception cref="IOException">The connection is over.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes);
}

/// <summary>A stream, such as one with TLS, as a target.</summary>
public sealed class StreamTarget(Stream stream) : IByteTarget
{
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes) => stream.WriteAsync(bytes);
}
