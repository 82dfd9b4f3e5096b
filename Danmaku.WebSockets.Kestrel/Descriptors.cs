using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>The file descriptors that this process may have, and those that are kept back from clients. Without end where the system is not Linux.</summary>
/// <remarks>
/// The system gives the lowest number that is free. So whoever is given number n knows that n others are in use, and as long as strangers get
/// none from <see cref="ForStrangers"/> on, those are left for the store, the cluster and operators. Thread-safe.
/// </remarks>
/// <param name="limit">How many the process may have.</param>
public sealed partial class Descriptors(int limit)
{
    /// <summary>The least and the most that is kept back; between them it is an eighth.</summary>
    private const int MinReserve = 64;
    private const int MaxReserve = 1024;

    private const int NumberOfFiles = 7;
    private const int DuplicateCloseOnExec = 1030;

    /// <summary>Somebody to ask for a duplicate of.</summary>
    private readonly SafeFileHandle? _any = OperatingSystem.IsLinux() ? File.OpenHandle("/dev/null") : null;

    public int Limit => limit;

    /// <summary>How many are kept back from strangers.</summary>
    public int Reserve { get; } = Math.Clamp(limit / 8, MinReserve, MaxReserve);

    /// <summary>Numbers from here on are not for strangers.</summary>
    public int ForStrangers => limit - Reserve;

    /// <summary>The same for operators, who are left half of what is kept back.</summary>
    public int ForOperators => limit - (Reserve / 2);

    /// <summary>Whether strangers may make this process open something more.</summary>
    public bool HasRoom => Lowest() < ForStrangers;

    /// <summary>Takes the hard limit for the soft one, where it may, and counts on that from then on.</summary>
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

    /// <summary>The lowest number that is free; <see cref="Limit"/> where none is.</summary>
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

    /// <summary>How many are in use. It looks at each: for metrics.</summary>
    public static int Count()
    {
        var directory = OpenDirectory("/proc/self/fd");
        if (directory == 0)
        {
            return 0;
        }

        // Without itself, "." and "..".
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
