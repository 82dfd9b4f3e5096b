using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>epoll(7) of Linux, level-triggered: reports which of many sockets have something to read.</summary>
/// <remarks>
/// Lives as long as the process. Any thread may add sockets; one thread waits. A closed socket is not watched any more, but an earlier result may still contain
/// it.
/// </remarks>
internal sealed partial class Epoll
{
    /// <summary>Most sockets in one result.</summary>
    public const int MaxReady = 256;

    private const int CloseOnExec = 0x80000;
    private const int AddWatch = 1;
    private const int ModifyWatch = 3;
    private const uint Readable = 0x1;

    /// <summary>Reports a broken socket only once; epoll always reports broken sockets.</summary>
    private const uint Once = 1u << 30;

    private const int Interrupted = 4;

    /// <summary>struct epoll_event is packed only on x86-64.</summary>
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventBytes = DataOffset + 8;

    private readonly int _epoll = Check(Create(CloseOnExec), "epoll_create1");
    private readonly byte[] _events = new byte[MaxReady * 16];

    public static bool IsSupported { get; } = OperatingSystem.IsLinux();

    /// <param name="key">The key that <see cref="Wait(Span{long})"/> returns.</param>
    public void Add(Socket socket, long key, bool isWatching) => Control(AddWatch, socket, key, isWatching);

    public void Watch(Socket socket, long key, bool isWatching) => Control(ModifyWatch, socket, key, isWatching);

    /// <summary>Waits until there is something to read, or a connection has ended.</summary>
    /// <param name="ready">At least <see cref="MaxReady"/>.</param>
    /// <returns>How many keys are in <paramref name="ready"/>.</returns>
    public int Wait(Span<long> ready)
    {
        var count = Wait(_epoll, ref _events[0], MaxReady, -1);
        if (count < 0 && Marshal.GetLastPInvokeError() == Interrupted)
        {
            return 0;
        }

        Check(count, "epoll_wait");
        for (var i = 0; i < count; i++)
        {
            ready[i] = BitConverter.ToInt64(_events, (i * EventBytes) + DataOffset);
        }

        return count;
    }

    private void Control(int operation, Socket socket, long key, bool isWatching)
    {
        Span<byte> entry = stackalloc byte[16];
        BitConverter.TryWriteBytes(entry, isWatching ? Readable : Once);
        BitConverter.TryWriteBytes(entry[DataOffset..], key);
        Check(Control(_epoll, operation, socket.SafeHandle, ref entry[0]), "epoll_ctl");
    }

    private static int Check(int result, string call) => result >= 0
        ? result
        : throw new IOException($"{call}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(int epoll, int operation, SafeSocketHandle socket, ref byte entry);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int Wait(int epoll, ref byte events, int most, int milliseconds);
}
