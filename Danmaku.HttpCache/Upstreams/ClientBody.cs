namespace Danmaku.HttpCache.Upstreams;

/// <summary>A request's body on its way to an origin. It remembers that the client failed and not the origin, which the one who sends it cannot tell.</summary>
internal sealed class ClientBody(Stream body) : AsyncStream
{
    private volatile Exception? _failure;

    /// <summary>Why it could not be read; null while it can.</summary>
    public Exception? Failure => _failure;

    public override bool CanRead => true;

    public override bool CanWrite => false;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await body.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            _failure = error;
            throw;
        }
    }
}
