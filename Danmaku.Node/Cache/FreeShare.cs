using Danmaku.Node.Disks;
using Danmaku.Node.Options;

namespace Danmaku.Node.Cache;

/// <summary>What the cache leaves free of its disk, for those whose files cannot be thrown away.</summary>
internal sealed class FreeShare(Disk disk, CacheOptions options)
{
    private const int Percent = 10;
    private const long Most = 10L * 1024 * 1024 * 1024;

    public Disk Disk => disk;

    /// <summary>How much may still be written; negative where others have taken some of the share.</summary>
    public long Spare
    {
        get
        {
            var space = disk.Space;
            return space.Free - Of(space);
        }
    }

    /// <summary>Whether others have taken more than half of it.</summary>
    public bool IsHalfGone
    {
        get
        {
            var space = disk.Space;
            return space.Free < Of(space) / 2;
        }
    }

    private long Of(DiskSpace space) => options.DiskFree ?? space.Share(Percent, Most);
}
