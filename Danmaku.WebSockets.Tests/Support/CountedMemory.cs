namespace Danmaku.WebSockets.Tests.Support;

internal sealed class CountedMemory(long bound) : IMemoryBudget
{
    public long Used { get; private set; }

    public long Most { get; private set; }

    public bool TryTake(long bytes)
    {
        if (Used + bytes > bound)
        {
            return false;
        }

        Used += bytes;
        Most = Math.Max(Most, Used);
        return true;
    }

    public void Return(long bytes) => Used -= bytes;
}
