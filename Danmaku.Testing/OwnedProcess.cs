using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Danmaku.Testing;

/// <summary>Signals of Unix.</summary>
public enum Signal
{
    /// <summary>As Ctrl+C.</summary>
    Interrupt,

    /// <summary>Asks the program to end.</summary>
    Terminate,

    /// <summary>Ends it at once.</summary>
    Kill,

    /// <summary>It stays, and does nothing.</summary>
    Stop,

    /// <summary>It goes on after <see cref="Stop"/>.</summary>
    Continue,
}

/// <summary>A program that this process has started and that does not outlive it. What it says is kept, line by line or in a file.</summary>
public sealed class OwnedProcess : IAsyncDisposable
{
    /// <summary>
    /// Holds a program on a leash: the end of the standard input, which comes when this process is killed, kills it, and removes the folder that is named
    /// first, if any; one line lets go of it. The program takes the shell's place, so it has the process id that was started. What it says goes to the file
    /// that is named second, if any.
    /// </summary>
    private const string Leash =
        """
        folder=$0 log=$1; shift; exec 3<&0
        (read -r _ <&3 || { kill -9 $$; sleep 1; rm -rf "$folder"; }) >/dev/null 2>&1 &
        [ -z "$log" ] || exec >>"$log" 2>&1
        exec "$@" </dev/null 3<&-
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly Process _process;

    private OwnedProcess(ProcessStartInfo start)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_errors, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Ended = WaitForEndAsync();
    }

    /// <summary>Lines of standard output.</summary>
    public IReadOnlyCollection<string> Output => _output;

    /// <summary>Lines of standard error.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>The exit code, when it has ended and all is read that it said: 128 plus the signal when a signal ended it.</summary>
    public Task<int> Ended { get; }

    private string Said => string.Join('\n', [.. _output.TakeLast(20), .. _errors.TakeLast(20)]);

    /// <summary>Starts a program that reads nothing. What it says is kept here.</summary>
    public static OwnedProcess Start(
        string program, IEnumerable<string> arguments, Action<IDictionary<string, string?>>? environment = null) =>
        Start([program, .. arguments], environment, folder: "", log: "");

    /// <summary>Starts a program that reads nothing and is told nothing of this process's settings.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="log">What it says is appended to this file.</param>
    /// <param name="settings">What else it has in its environment.</param>
    /// <param name="folder">Removed if this process is killed; also where the program may not see the current directory.</param>
    public static OwnedProcess Start(
        IEnumerable<string> command, string log, IReadOnlyDictionary<string, string>? settings = null, string? folder = null)
    {
        void Prepare(IDictionary<string, string?> environment)
        {
            Programs.CleanUp(environment);
            foreach (var (key, value) in settings ?? new Dictionary<string, string>())
            {
                environment[key] = value;
            }
        }

        return Start(command, Prepare, folder ?? "", log);
    }

    /// <summary>Starts a program that is typed to, and ends when that ends.</summary>
    public static OwnedProcess StartInteractive(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments);
        start.Environment["PYTHONUNBUFFERED"] = "1";
        return new OwnedProcess(start);
    }

    public async Task TypeAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Waits until a line of its output contains something.</summary>
    public Task SaysAsync(string text) =>
        WaitAsync(() => _output.Any(line => line.Contains(text, StringComparison.Ordinal)), $"it says '{text}'");

    /// <summary>Waits until it ends by itself.</summary>
    /// <param name="patience">By default half a minute.</param>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndAsync(TimeSpan? patience = null)
    {
        await WaitAsync(() => HasExited, "it ends", patience);
        return await Ended.WaitAsync(Patience);
    }

    /// <summary>Sends it a signal, if it has not ended.</summary>
    public void Send(Signal signal)
    {
        if (!Ended.IsCompleted)
        {
            Send(_process.Id, signal);
        }
    }

    /// <summary>Sends a signal to any process. One that is not there does not matter.</summary>
    public static void Send(int process, Signal signal) => _ = Kill(process, Number(signal));

    /// <summary>Asks it to end, and waits until it has.</summary>
    /// <returns>Its exit code.</returns>
    public Task<int> TerminateAsync() => EndByAsync(Signal.Terminate);

    /// <summary>Does the same as Ctrl+C does.</summary>
    /// <returns>Its exit code.</returns>
    public Task<int> InterruptAsync() => EndByAsync(Signal.Interrupt);

    /// <summary>Stops it where it is; it keeps what it has, connections too.</summary>
    public void Suspend() => Send(Signal.Stop);

    /// <summary>Lets it go on after <see cref="Suspend"/>.</summary>
    public void Resume() => Send(Signal.Continue);

    /// <summary>Ends it at once, and waits until it has.</summary>
    public void Kill()
    {
        _process.Kill();
        if (!_process.WaitForExit(Patience))
        {
            throw new TimeoutException($"{_process.StartInfo.FileName} was killed and goes on");
        }
    }

    /// <summary>Ends it at once if it has not ended, and what it has started.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await Ended.WaitAsync(Patience);
        _process.Dispose();
    }

    private static OwnedProcess Start(IEnumerable<string> command, Action<IDictionary<string, string?>>? environment, string folder, string log)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Leash, folder, log, .. command]) { WorkingDirectory = folder.Length > 0 ? "/" : "" };
        environment?.Invoke(start.Environment);
        return new OwnedProcess(start);
    }

    private async Task<int> WaitForEndAsync()
    {
        await _process.WaitForExitAsync();
        try
        {
            // Its process id may soon be another's: the leash lets go.
            await TypeAsync("");
        }
        catch (IOException)
        {
            // Nobody reads it where there is no leash, or the leash has gone with it.
        }

        return _process.ExitCode;
    }

    private Task<int> EndByAsync(Signal signal)
    {
        Send(signal);
        return EndAsync();
    }

    private async Task WaitAsync(Func<bool> condition, string what, TimeSpan? patience = null)
    {
        try
        {
            await Eventually.TrueAsync(condition, patience ?? Patience, what);
        }
        catch (TimeoutException error)
        {
            var start = _process.StartInfo;
            throw new TimeoutException($"{start.FileName} {string.Join(' ', start.ArgumentList)}: {error.Message}\n{Said}", error);
        }
    }

    private static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
        }
    }

    private static int Number(Signal signal) => signal switch
    {
        Signal.Interrupt => 2,
        Signal.Terminate => 15,
        Signal.Stop => OperatingSystem.IsMacOS() ? 17 : 19,
        Signal.Continue => OperatingSystem.IsMacOS() ? 19 : 18,
        _ => 9,
    };

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
