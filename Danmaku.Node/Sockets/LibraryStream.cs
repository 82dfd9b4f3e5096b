using System.Net.WebSockets;

namespace Danmaku.Node.Sockets;

/// <summary>
/// What the WebSocket library takes for its connection. It reads from the client; the control frames that it writes go through the
/// socket's own queue, between our frames.
/// </summary>
/// <param name="waitForTurns">Waits until so many messages may be handled; null where that has been done.</param>
/// <param name="reading">Called whenever the library asks for more: it has used up all that came so far.</param>
/// <param name="write">Gets each complete control frame; the bytes are valid during the call only.</param>
internal sealed class LibraryStream(Stream connection, Func<int, ValueTask>? waitForTurns, Action reading, Action<ReadOnlySpan<byte>> write) : AsyncStream
{
    private readonly MaskWatch _masks = new();

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        reading();

        // An empty read is how a silent client is waited for; it takes nothing but what the connection itself takes.
        return buffer.IsEmpty ? connection.ReadAsync(buffer, cancellationToken) : ReadMaskedAsync(buffer, cancellationToken);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async ValueTask<int> ReadMaskedAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        var count = await connection.ReadAsync(buffer, cancellation).ConfigureAwait(false);
        if (!_masks.Follow(buffer.Span[..count]))
        {
            throw new WebSocketException(WebSocketError.Faulted, "A client's frame is not masked.");
        }

        if (count > 0 && waitForTurns is not null)
        {
            // A piece of a message costs as much as one, or tiny pieces would be for nothing.
            await waitForTurns(Math.Max(1, _masks.TakeFrames())).ConfigureAwait(false);
        }

        return count;
    }
}
