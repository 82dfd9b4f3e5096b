using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Danmaku.Testing;

/// <summary>A program that this test run has started. It keeps every line the program says, and ends it when nobody else has.</summary>
public sealed class OwnedProcess : IAsyncDisposable
{
    /// <summary>
    /// Holds a program on a leash: the end of the standard input, which comes when this test run is killed, kills it; one line lets
    /// go of it. The program takes the shell's place, so it has the process id that was started.
    /// </summary>
    private const string Leash = """exec 3<&0; (read -r _ <&3 || kill -9 $$) >/dev/null 2>&1 & exec "$@" </dev/null 3<&-""";

    private const int InterruptSignal = 2;

    private const int TerminateSignal = 15;

    private static readonly int Stop = OperatingSystem.IsMacOS() ? 17 : 19;

    private static readonly int Continue = OperatingSystem.IsMacOS() ? 19 : 18;

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
    }

    /// <summary>Lines of standard output.</summary>
    public IReadOnlyCollection<string> Output => _output;

    /// <summary>Lines of standard error.</summary>
    public IReadOnlyCollection<string> Errors => _errors;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Starts a program that reads nothing.</summary>
    public static OwnedProcess Start(
        string program, IEnumerable<string> arguments, Action<IDictionary<string, string?>>? environment = null)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Leash, "sh", program, .. arguments]);
        environment?.Invoke(start.Environment);
        return new OwnedProcess(start);
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
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    /// <summary>Asks it to end, and waits until it has.</summary>
    /// <returns>Its exit code.</returns>
    public Task<int> TerminateAsync() => EndByAsync(TerminateSignal);

    /// <summary>Does the same as Ctrl+C does.</summary>
    /// <returns>Its exit code.</returns>
    public Task<int> InterruptAsync() => EndByAsync(InterruptSignal);

    /// <summary>Stops it where it is; it keeps what it has, connections too.</summary>
    public void Suspend() => _ = Signal(_process.Id, Stop);

    /// <summary>Lets it go on after <see cref="Suspend"/>.</summary>
    public void Resume() => _ = Signal(_process.Id, Continue);

    /// <summary>Ends it at once, and waits until it has.</summary>
    public void Kill()
    {
        _process.Kill();
        if (!_process.WaitForExit(Patience))
        {
            throw new TimeoutException($"{_process.StartInfo.FileName} was killed and goes on");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync().WaitAsync(Patience);
        try
        {
            await TypeAsync("");
        }
        catch (IOException)
        {
            // Nobody reads it where there is no leash.
        }

        _process.Dispose();
    }

    private Task<int> EndByAsync(int signal)
    {
        if (!HasExited)
        {
            _ = Signal(_process.Id, signal);
        }

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

    private string Said => string.Join('\n', [.. _output.TakeLast(20), .. _errors.TakeLast(20)]);

    private static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
