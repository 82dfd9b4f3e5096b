using System.Runtime.InteropServices;

namespace Danmaku.Node.Disks;

/// <summary>The disk (filesystem) of a directory that exists or will be created. Thread-safe.</summary>
internal sealed class Disk(string directory)
{
    private const int AtWorkingDirectory = -100;

    /// <summary>The offset of the device's major and minor number in struct statx, which is the same on all architectures (statx(2)).</summary>
    private const int DeviceOffset = 136;

    private const int StatxBytes = 256;

    private readonly string _directory = Path.GetFullPath(directory);

    /// <exception cref="IOException">The system does not report it.</exception>
    public DiskSpace Space
    {
        get
        {
            var drive = new DriveInfo(Nearest);
            return new DiskSpace(drive.AvailableFreeSpace, drive.TotalSize);
        }
    }

    private string Nearest
    {
        get
        {
            var path = _directory;
            while (!Directory.Exists(path) && Path.GetDirectoryName(path) is { } parent)
            {
                path = parent;
            }

            return path;
        }
    }

    /// <summary>Whether both are the same filesystem. On systems other than Linux: whether their paths have the same root.</summary>
    public bool IsSameAs(Disk other) => OperatingSystem.IsLinux()
        ? Device is { } device && device == other.Device
        : Path.GetPathRoot(_directory) == Path.GetPathRoot(other._directory);

    private long? Device
    {
        get
        {
            var result = new byte[StatxBytes];
            return Statx(AtWorkingDirectory, Nearest, 0, 0, result) == 0 ? BitConverter.ToInt64(result, DeviceOffset) : null;
        }
    }

    [DllImport("libc", EntryPoint = "statx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] result);
}

/// <summary>The space on a disk.</summary>
/// <param name="Free">Bytes that this process may still write.</param>
/// <param name="Size">Bytes of the whole disk.</param>
internal readonly record struct DiskSpace(long Free, long Size)
{
    /// <summary>A share of the disk's size, but not more than <paramref name="most"/> bytes.</summary>
    public long Share(int percent, long most) => Math.Min(Size / 100 * percent, most);
}
