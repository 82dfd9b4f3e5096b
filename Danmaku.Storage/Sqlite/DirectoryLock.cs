using Danmaku.Core.Storage;

namespace Danmaku.Storage.Sqlite;

/// <summary>Makes sure that only one process uses a directory, until it is disposed. The lock of a killed process ends with it.</summary>
internal static class DirectoryLock
{
    private const string FileName = "danmaku.lock";

    /// <summary>The codes for a file that another process holds: EWOULDBLOCK of Linux and of BSD, ERROR_SHARING_VIOLATION.</summary>
    private static readonly int[] Held = [11, 35, unchecked((int)0x80070020)];

    /// <exception cref="StoreRefusedException">It is in use, or cannot be written.</exception>
    public static IDisposable Take(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
            return new FileStream(Path.Combine(directory, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (Held.Contains(error.HResult))
        {
            throw new StoreRefusedException(
                $"The data directory {directory} is in use by another node: stop that one, or give this one a directory of its own.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreRefusedException(
                $"The data directory {directory} cannot be used: {error.Message.TrimEnd('.')}; give this node one that it may write.", error);
        }
    }
}
