using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Danmaku.Bench.Engine;

/// <summary>epoll(7): what waits is one system call for hundreds of sockets, and no other thread is woken.</summary>
/// <remarks>
/// A socket must never be used asynchronously: .NET would watch it with a second epoll, and wake its own thread for every packet.
/// </remarks>
public sealed class EpollPoller : IPoller
{
    private const int MaxEvents = 512;
    private const int CloseOnExec = 0x80000;
    private const int AddWatch = 1;
    private const int ModifyWatch = 3;
    private const uint In = 0x1;
    private const uint Out = 0x4;
    private const uint Broken = 0x8 | 0x10;
    private const int Interrupted = 4;
    private const int InProgress = 115;
    private const int NoSuchCall = 38;

    /// <summary>struct epoll_event is packed on x86-64 alone.</summary>
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventBytes = DataOffset + 8;

    private readonly int _epoll = Check(EpollCreate(CloseOnExec), "epoll_create1");
    private readonly byte[] _events = new byte[MaxEvents * 16];
    private bool _hasNanoseconds = true;

    public void Connect(Socket socket, IPEndPoint endpoint)
    {
        socket.Blocking = false;
        var address = endpoint.Serialize();
        if (Connect(Descriptor(socket), ref MemoryMarshal.GetReference(address.Buffer.Span), (uint)address.Size) < 0
            && Marshal.GetLastPInvokeError() is var error and not InProgress)
        {
            throw new SocketException(error == 111 ? (int)SocketError.ConnectionRefused : (int)SocketError.SocketError, Marshal.GetPInvokeErrorMessage(error));
        }
    }

    public void Add(Socket socket, int id) => Control(AddWatch, socket, id, In | Out);

    public void WatchWriting(Socket socket, int id, bool isWatched) => Control(ModifyWatch, socket, id, isWatched ? In | Out : In);

    public int Wait(Span<Ready> ready, TimeSpan patience)
    {
        var count = WaitRaw(Math.Min(ready.Length, MaxEvents), patience);
        for (var i = 0; i < count; i++)
        {
            var entry = _events.AsSpan(i * EventBytes, EventBytes);
            var events = BitConverter.ToUInt32(entry);
            ready[i] = new Ready(BitConverter.ToInt32(entry[DataOffset..]), (events & (In | Broken)) != 0, (events & (Out | Broken)) != 0);
        }

        return count;
    }

    public void Dispose() => _ = Close(_epoll);

    private int WaitRaw(int most, TimeSpan patience)
    {
        ref var events = ref _events[0];
        if (_hasNanoseconds)
        {
            var time = new Timespec(patience.Ticks / TimeSpan.TicksPerSecond, patience.Ticks % TimeSpan.TicksPerSecond * 100);
            var count = EpollWait2(_epoll, ref events, most, ref time, 0);
            if (count >= 0 || Marshal.GetLastPInvokeError() != NoSuchCall)
            {
                return Counted(count);
            }

            _hasNanoseconds = false;
        }

        return Counted(EpollWait(_epoll, ref events, most, (int)Math.Ceiling(patience.TotalMilliseconds)));
    }

    private static int Counted(int count) => count < 0 && Marshal.GetLastPInvokeError() == Interrupted ? 0 : Check(count, "epoll_wait");

    private void Control(int operation, Socket socket, int id, uint events)
    {
        Span<byte> entry = stackalloc byte[16];
        BitConverter.TryWriteBytes(entry, events);
        BitConverter.TryWriteBytes(entry[DataOffset..], (long)id);
        Check(EpollControl(_epoll, operation, Descriptor(socket), ref MemoryMarshal.GetReference(entry)), "epoll_ctl");
    }

    private static int Descriptor(Socket socket) => (int)socket.SafeHandle.DangerousGetHandle();

    private static int Check(int result, string call) => result >= 0
        ? result
        : throw new IOException($"{call}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Timespec(long Seconds, long Nanoseconds);

    [DllImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int EpollCreate(int flags);

    [DllImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int EpollControl(int epoll, int operation, int descriptor, ref byte entry);

    [DllImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int EpollWait(int epoll, ref byte events, int most, int milliseconds);

    [DllImport("libc", EntryPoint = "epoll_pwait2", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int EpollWait2(int epoll, ref byte events, int most, ref Timespec time, nint signals);

    [DllImport("libc", EntryPoint = "connect", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Connect(int descriptor, ref byte address, uint length);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
}
