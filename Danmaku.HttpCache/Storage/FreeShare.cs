namespace Danmaku.HttpCache.Storage;

/// <summary>The share of its disk that a cache leaves free for others, whose files cannot be deleted.</summary>
/// <param name="bytes">Null for a tenth of the disk, at most <see cref="Most"/>.</param>
internal sealed class FreeShare(string directory, long? bytes)
{
    private const long Most = 10L * 1024 * 1024 * 1024;

    /// <summary>How many bytes may still be written; negative if others use some of the share.</summary>
    /// <exception cref="IOException">The system does not say.</exception>
    public long Spare
    {
        get
        {
            var drive = new DriveInfo(Nearest);
            return drive.AvailableFreeSpace - Of(drive);
        }
    }

    /// <summary>Whether others use more than half of the share.</summary>
    /// <exception cref="IOException">The system does not say.</exception>
    public bool IsHalfGone
    {
        get
        {
            var drive = new DriveInfo(Nearest);
            return drive.AvailableFreeSpace < Of(drive) / 2;
        }
    }

    private string Nearest
    {
        get
        {
            var path = directory;
            while (!Directory.Exists(path) && Path.GetDirectoryName(path) is { } parent)
            {
                path = parent;
            }

            return path;
        }
    }

    private long Of(DriveInfo drive) => bytes ?? Math.Min(drive.TotalSize / 10, Most);
}
