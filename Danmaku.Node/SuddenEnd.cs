using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Danmaku.Node;

/// <summary>
/// Ends this process at once when it could only go on without doing its work, so that its supervisor starts it again. It drains nothing: for all others it is a
/// crash, which the cluster handles.
/// </summary>
/// <remarks>Everything is prepared beforehand, because there may be no memory left.</remarks>
internal static unsafe class SuddenEnd
{
    /// <summary>The exit code of a node that ran out of memory.</summary>
    public const int OutOfMemory = 70;

    /// <summary>The exit code of a node that could not listen any more.</summary>
    public const int ListenerFailed = 71;

    private const int StandardError = 2;

    private static readonly byte[] NoMemory = GC.AllocateUninitializedArray<byte>(Words.Length, pinned: true);

    private static delegate* unmanaged[SuppressGCTransition]<int, byte*, nint, nint> _write;
    private static delegate* unmanaged[SuppressGCTransition]<int, void> _exit;

    private static ReadOnlySpan<byte> Words => "danmaku: There is no memory left; the node ends with 70, to be started again\n"u8;

    /// <summary>Ends the process as soon as any allocation fails, even if the exception is caught.</summary>
    /// <remarks>The failed code may have been the loop that accepts connections, and nobody knows what was left half done.</remarks>
    public static void WhenOutOfMemory()
    {
        if (!OperatingSystem.IsWindows())
        {
            var program = NativeLibrary.GetMainProgramHandle();
            _write = (delegate* unmanaged[SuppressGCTransition]<int, byte*, nint, nint>)NativeLibrary.GetExport(program, "write");
            _exit = (delegate* unmanaged[SuppressGCTransition]<int, void>)NativeLibrary.GetExport(program, "_exit");
        }

        Words.CopyTo(NoMemory);
        EventHandler<System.Runtime.ExceptionServices.FirstChanceExceptionEventArgs> handler = (_, thrown) =>
        {
            if (thrown.Exception is OutOfMemoryException)
            {
                EndWithoutMemory();
            }
        };
        RuntimeHelpers.PrepareDelegate(handler);
        RuntimeHelpers.PrepareMethod(
            typeof(SuddenEnd).GetMethod(nameof(EndWithoutMemory), BindingFlags.NonPublic | BindingFlags.Static)!.MethodHandle);
        AppDomain.CurrentDomain.FirstChanceException += handler;
    }

    /// <summary>Ends the process because a listener failed permanently.</summary>
    [DoesNotReturn]
    public static void BecauseListenerFailed(string listener, Exception error)
    {
        Console.Error.WriteLine($"danmaku: the node cannot listen on {listener} any more and ends with {ListenerFailed}, to be started again: {error}");
        Exit(ListenerFailed);
    }

    private static void EndWithoutMemory()
    {
        if (_exit is null)
        {
            Environment.FailFast(null);
        }

        _write(StandardError, (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(NoMemory)), NoMemory.Length);
        _exit(OutOfMemory);
    }

    [DoesNotReturn]
    private static void Exit(int code)
    {
        [DllImport("libc", EntryPoint = "_exit")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        static extern void Now(int code);

        Now(code);
        throw new UnreachableException();
    }
}
