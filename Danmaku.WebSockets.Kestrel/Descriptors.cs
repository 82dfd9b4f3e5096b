using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>The file descriptors of this process, and the reserve that clients cannot use. Unlimited on systems other than Linux.</summary>
/// <remarks>
/// The system assigns the lowest free number. So a descriptor with number n shows that n others are in use. Clients get no numbers from
/// <see cref="ForClients"/> on; these are reserved for the store, the cluster and operators. Thread-safe.
/// </remarks>
/// <param name="limit">The process's limit.</param>
public sealed partial class Descriptors(int limit)
{
    /// <summary>The smallest and the largest reserve; between them it is an eighth.</summary>
    private const int MinReserve = 64;
    private const int MaxReserve = 1024;

    private const int NumberOfFiles = 7;
    private const int DuplicateCloseOnExec = 1030;

    /// <summary>An open descriptor to duplicate.</summary>
    private readonly SafeFileHandle? _any = OperatingSystem.IsLinux() ? File.OpenHandle("/dev/null") : null;

    public int Limit => limit;

    /// <summary>The size of the reserve.</summary>
    public int Reserve { get; } = Math.Clamp(limit / 8, MinReserve, MaxReserve);

    /// <summary>Clients get no numbers from here on.</summary>
    public int ForClients => limit - Reserve;

    /// <summary>The same for operators, who may use half of the reserve.</summary>
    public int ForOperators => limit - (Reserve / 2);

    /// <summary>Whether clients may make this process open another descriptor.</summary>
    public bool HasRoom => Lowest() < ForClients;

    /// <summary>Raises the soft limit to the hard one, if allowed, and uses that limit.</summary>
    public static Descriptors OfThisProcess()
    {
        if (!OperatingSystem.IsLinux())
        {
            return new Descriptors(int.MaxValue);
        }

        if (GetLimit(NumberOfFiles, out var limit) != 0)
        {
            throw new IOException($"getrlimit: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }

        var raised = limit with { Soft = limit.Hard };
        var soft = SetLimit(NumberOfFiles, raised) == 0 ? raised.Soft : limit.Soft;
        return new Descriptors((int)Math.Min(soft, int.MaxValue));
    }

    public static int NumberOf(Socket socket) => (int)socket.Handle;

    /// <summary>The lowest free number; <see cref="Limit"/> if none is free.</summary>
    public int Lowest()
    {
        if (_any is null)
        {
            return 0;
        }

        var number = Duplicate(_any, DuplicateCloseOnExec, 0);
        if (number < 0)
        {
            return limit;
        }

        _ = Close(number);
        return number;
    }

    /// <summary>How many are in use. Visits each of them: for metrics.</summary>
    public static int Count()
    {
        var directory = OpenDirectory("/proc/self/fd");
        if (directory == 0)
        {
            return 0;
        }

        // Minus its own descriptor, "." and "..".
        var count = -3;
        while (ReadDirectory(directory) != 0)
        {
            count++;
        }

        _ = CloseDirectory(directory);
        return count;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, out RLimit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in RLimit limit);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Duplicate(SafeFileHandle descriptor, int command, int lowest);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "opendir", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint OpenDirectory(string path);

    [LibraryImport("libc", EntryPoint = "readdir")]
    private static partial nint ReadDirectory(nint directory);

    [LibraryImport("libc", EntryPoint = "closedir")]
    private static partial int CloseDirectory(nint directory);

    private readonly record struct RLimit(ulong Soft, ulong Hard);
}
