namespace Danmaku.HttpCache.Upstreams;

/// <summary>
/// A request's body on its way to an origin. It records whether reading from the client failed, so that this is not taken for a failure of the origin.
/// </summary>
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
