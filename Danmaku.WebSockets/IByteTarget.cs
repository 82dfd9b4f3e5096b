namespace Danmaku.WebSockets;

/// <summary>The output of a connection. Called for one write after the other.</summary>
public interface IByteTarget
{
    /// <summary>Writes all bytes; completes synchronously if it need not wait.</summary>
    /// <exception cref="IOException">The connection has ended.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes);
}

/// <summary>A stream, such as one with TLS, as a target.</summary>
public sealed class StreamTarget(Stream stream) : IByteTarget
{
    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes) => stream.WriteAsync(bytes);
}
