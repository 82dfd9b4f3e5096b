namespace Danmaku.WebSockets.Tests.Support;

internal sealed class CountedMemory(long bound) : IMemoryBudget
{
    private readonly Lock _gate = new();
    private long _used;
    private long _most;

    public long Bound => bound;

    public long Used => Interlocked.Read(ref _used);

    public long Most => Interlocked.Read(ref _most);

    public bool IsFull => Used >= bound;

    public bool TryTake(long bytes)
    {
        lock (_gate)
        {
            if (_used + bytes > bound)
            {
                return false;
            }

            Take(bytes);
            return true;
        }
    }

    public void Take(long bytes)
    {
        lock (_gate)
        {
            _used += bytes;
            _most = Math.Max(_most, _used);
        }
    }

    public void Return(long bytes) => Take(-bytes);

    public bool Refuses() => IsFull;
}
