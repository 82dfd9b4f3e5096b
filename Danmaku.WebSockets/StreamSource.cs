using System.Buffers;

namespace Danmaku.WebSockets;

/// <summary>Reads a stream, such as one with TLS. Holds no buffer while nothing arrives.</summary>
/// <remarks>The stream must wait when it is read into an empty buffer, as those of the HTTP server and of TLS do.</remarks>
public sealed class StreamSource(Stream stream) : IByteSource
{
    private const int PieceBytes = 16 * 1024;

    private readonly Lock _gate = new();
    private TaskCompletionSource? _resumed;
    private bool _mayGoOn;

    public void Start(IByteSink sink) => _ = RunAsync(sink);

    public void Resume()
    {
        lock (_gate)
        {
            _mayGoOn = _resumed is null;
            _resumed?.TrySetResult();
            _resumed = null;
        }
    }

    private async Task RunAsync(IByteSink sink)
    {
        while (await ReadAsync(sink))
        {
            await ResumedAsync();
        }

        sink.End();
    }

    /// <summary>Reads until the sink pauses, or nothing arrives.</summary>
    /// <returns>False when nothing will come any more.</returns>
    private async Task<bool> ReadAsync(IByteSink sink)
    {
        while (true)
        {
            var buffer = Array.Empty<byte>();
            try
            {
                var count = await stream.ReadAsync(Memory<byte>.Empty);
                buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
                count += await stream.ReadAsync(buffer.AsMemory(0, PieceBytes));
                if (count == 0 || !sink.Take(buffer.AsMemory(0, count)))
                {
                    return count > 0;
                }
            }
            catch (Exception)
            {
                // After any failure nothing will come any more.
                return false;
            }
            finally
            {
                if (buffer.Length > 0)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }
    }

    private Task ResumedAsync()
    {
        lock (_gate)
        {
            if (_mayGoOn)
            {
                _mayGoOn = false;
                return Task.CompletedTask;
            }

            _resumed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _resumed.Task;
        }
    }
}
