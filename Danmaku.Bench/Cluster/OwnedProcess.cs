using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Danmaku.Bench.Cluster;

/// <summary>Signals of Unix that do not ask the process, and the one that does.</summary>
public enum Signal
{
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

/// <summary>A program that this tool has started, and that does not outlive it. What it says goes to a file.</summary>
public sealed class OwnedProcess : IAsyncDisposable
{
    /// <summary>
    /// Holds a program on a leash: the end of the standard input, which comes when this process is killed, kills it; one line lets go of
    /// it. The program takes the shell's place, so it has the process id that was started.
    /// </summary>
    private const string Leash =
        """exec 3<&0; (read -r _ <&3 || kill -9 $$) >/dev/null 2>&1 & exec "$@" </dev/null >>"$0" 2>&1 3<&-""";

    /// <summary>What is set for this tool and is not meant for what it starts.</summary>
    private static readonly string[] Foreign = ["Danmaku__", "ASPNETCORE_", "DOTNET_ENVIRONMENT", "DOTNET_SYSTEM_NET_", "Logging__", "URLS", "PG"];

    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(10);

    private readonly Process _process;

    private OwnedProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.Start();
        Ended = EndAsync();
    }

    public int Id => _process.Id;

    /// <summary>The exit code: 128 plus the signal when a signal ended it.</summary>
    public Task<int> Ended { get; }

    /// <param name="command">The program and its arguments.</param>
    /// <param name="log">What it says is appended to this file.</param>
    public static OwnedProcess Start(IEnumerable<string> command, string log, IReadOnlyDictionary<string, string>? settings = null)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Leash, log, .. command]) { RedirectStandardInput = true };
        foreach (var key in start.Environment.Keys.ToArray())
        {
            if (Foreign.Any(prefix => key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
            {
                start.Environment.Remove(key);
            }
        }

        foreach (var (key, value) in settings ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        return new OwnedProcess(start);
    }

    public void Send(Signal signal)
    {
        if (!Ended.IsCompleted)
        {
            _ = Kill(_process.Id, (int)signal);
        }
    }

    /// <summary>Ends it at once if it has not ended.</summary>
    public async ValueTask DisposeAsync()
    {
        Send(Signal.Kill);
        await Task.WhenAny(Ended, Task.Delay(KillPatience));
        _process.Dispose();
    }

    private async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync();
        try
        {
            // Its process id may soon be another's.
            await _process.StandardInput.WriteLineAsync();
            await _process.StandardInput.DisposeAsync();
        }
        catch (IOException)
        {
            // The leash has gone with its process group.
        }

        return _process.ExitCode;
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
