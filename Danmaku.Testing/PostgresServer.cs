using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace Danmaku.Testing;

/// <summary>
/// A PostgreSQL of this test run alone, with Debian's programs or those on the path: on loopback, in a temporary directory. It can be
/// stopped, killed and started again with what it had; it ends with the test run, also when that is killed.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "danmaku";

    private const string Host = "127.0.0.1";

    /// <summary>
    /// Holds the server on a leash: the end of the standard input, which comes when this test run ends or is killed, kills it and
    /// removes its directory; one line lets go of it. Backends end by themselves when their server is gone.
    /// </summary>
    private const string Leash =
        """
        exec 3<&0 4>&1 5>&2; folder=$1; shift
        (read -r _ <&3 || { kill -9 $$; sleep 1; rm -rf "$folder"; }) >/dev/null 2>&1 4>&- 5>&- &
        exec "$@" </dev/null >"$folder/log" 2>&1 3<&- 4>&- 5>&-
        """;

    private const int Interrupt = 2;
    private const int Killed = 9;
    private const int Continued = 18;
    private const int Stopped = 19;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _programs;
    private readonly string _folder = Directory.CreateTempSubdirectory("danmaku-postgres-").FullName;
    private readonly int _port = Ports.Free(IPAddress.Loopback);
    private readonly string[] _settings;
    private Process? _process;
    private int _databases;

    private PostgresServer(string programs, string[] settings) => (_programs, _settings) = (programs, settings);

    /// <summary>Where the programs are; null when they are not installed or nobody unprivileged is there to run them.</summary>
    public static string? Programs { get; } = FindPrograms();

    /// <summary>The server refuses to run as root, so root starts it as Debian's user for it.</summary>
    private static bool IsRoot => !OperatingSystem.IsWindows() && Environment.UserName == "root";

    private static string[] Unprivileged =>
        IsRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] : [];

    /// <summary>Makes a server and starts it.</summary>
    /// <param name="settings">
    /// Such as <c>fsync=on</c>, which is off for speed: only a power cut could tell the difference.
    /// </param>
    /// <exception cref="InvalidOperationException">There is none: ask <see cref="Programs"/> first.</exception>
    public static async Task<PostgresServer> StartNewAsync(params string[] settings)
    {
        var server = new PostgresServer(Programs ?? throw new InvalidOperationException("PostgreSQL is not installed"), settings);
        try
        {
            if (IsRoot)
            {
                await RunAsync(["chown", "postgres:postgres", server._folder]).ConfigureAwait(false);
            }

            string[] initdb = [server.Program("initdb"), "-D", server.Data, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"];
            await RunAsync([.. Unprivileged, .. initdb]).ConfigureAwait(false);
            await server.StartAsync().ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Starts it after <see cref="StopAsync"/> or <see cref="KillAsync"/>: same port, same data.</summary>
    public async Task StartAsync()
    {
        string[] postgres =
        [
            Program("postgres"), "-D", Data, "-p", Text(_port), "-k", _folder,
            "-c", $"listen_addresses={Host}", "-c", "shared_buffers=32MB", "-c", "autovacuum_naptime=1h", "-c", "fsync=off",
            .. _settings.SelectMany(setting => (string[])["-c", setting]),
        ];
        var start = new ProcessStartInfo("/bin/sh", ["-c", Leash, "sh", _folder, .. Unprivileged, .. postgres])
        {
            WorkingDirectory = "/",
            RedirectStandardInput = true,
        };
        _process = Process.Start(start)!;
        await Eventually.TrueAsync(IsReadyAsync, Patience, "PostgreSQL is ready").ConfigureAwait(false);
    }

    /// <summary>Ends it in order; whoever is connected is cut off.</summary>
    public Task StopAsync() => EndAsync(Interrupt);

    /// <summary>Ends the server and all its backends at once, as a crash does.</summary>
    public Task KillAsync() => EndAsync(Killed);

    /// <summary>Lets it hang: connections stay, nothing answers.</summary>
    public void Suspend() => SignalAll(Stopped);

    public void Resume() => SignalAll(Continued);

    /// <summary>A new database.</summary>
    /// <returns>Its connection string.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await QueryAsync($"CREATE DATABASE {name}").ConfigureAwait(false);
        return ConnectionString(name);
    }

    /// <summary>Executes a statement beside whatever a test does.</summary>
    /// <returns>The rows, unaligned, without headings.</returns>
    public Task<string> QueryAsync(string sql, string database = "postgres") =>
        RunAsync([Program("psql"), "-h", Host, "-p", Text(_port), "-U", User, "-d", database, "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql]);

    public async ValueTask DisposeAsync()
    {
        await KillAsync().ConfigureAwait(false);
        Directory.Delete(_folder, recursive: true);
    }

    private string Data => Path.Combine(_folder, "data");

    private static string ConnectionString(string database, int port) => $"Host={Host};Port={Text(port)};Username={User};Database={database}";

    private string ConnectionString(string database) => ConnectionString(database, _port);

    private string Program(string name) => Path.Combine(_programs, name);

    private async Task<bool> IsReadyAsync()
    {
        if (_process!.HasExited)
        {
            throw new InvalidOperationException(await File.ReadAllTextAsync(Path.Combine(_folder, "log")).ConfigureAwait(false));
        }

        try
        {
            await RunAsync([Program("pg_isready"), "-q", "-h", Host, "-p", Text(_port)]).ConfigureAwait(false);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private async Task EndAsync(int signal)
    {
        if (_process is not { } process)
        {
            return;
        }

        _process = null;
        var backends = Backends(process.Id);
        _ = Signal(process.Id, signal);
        if (signal == Killed)
        {
            backends.ForEach(backend => _ = Signal(backend, signal));
        }

        await process.WaitForExitAsync().WaitAsync(Patience).ConfigureAwait(false);
        await Eventually.TrueAsync(() => backends.All(HasEnded), Patience, "all backends have ended").ConfigureAwait(false);
        await process.StandardInput.WriteLineAsync().ConfigureAwait(false);
        await process.StandardInput.FlushAsync().ConfigureAwait(false);
        process.Dispose();
    }

    private void SignalAll(int signal)
    {
        foreach (var process in (int[])[_process!.Id, .. Backends(_process.Id)])
        {
            _ = Signal(process, signal);
        }
    }

    private static List<int> Backends(int server)
    {
        try
        {
            var children = File.ReadAllText($"/proc/{Text(server)}/task/{Text(server)}/children");
            return
            [
                .. children.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(id => int.Parse(id, CultureInfo.InvariantCulture))
                    .Where(IsBackend),
            ];
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>The server's other child is its leash.</summary>
    private static bool IsBackend(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{Text(process)}/comm").StartsWith("postgres", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Gone, or dead and waiting for somebody to notice.</summary>
    private static bool HasEnded(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{Text(process)}/stat").Split(") ")[^1].StartsWith('Z');
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static async Task<string> RunAsync(string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = "/",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync().WaitAsync(Patience).ConfigureAwait(false);
        await process.WaitForExitAsync().WaitAsync(Patience).ConfigureAwait(false);
        return process.ExitCode == 0
            ? (await output.ConfigureAwait(false)).TrimEnd()
            : throw new InvalidOperationException($"{command[0]} ended with {process.ExitCode}: {errors}");
    }

    private static string? FindPrograms()
    {
        if (OperatingSystem.IsWindows() || (IsRoot && !HasUser("postgres")))
        {
            return null;
        }

        const string Debian = "/usr/lib/postgresql";
        var versions = Directory.Exists(Debian) ? Directory.GetDirectories(Debian) : [];
        return versions
            .OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0)
            .Select(folder => Path.Combine(folder, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .FirstOrDefault(folder => Array.TrueForAll(["initdb", "postgres", "psql"], name => File.Exists(Path.Combine(folder, name))));
    }

    private static bool HasUser(string name) =>
        File.ReadLines("/etc/passwd").Any(line => line.StartsWith(name + ":", StringComparison.Ordinal));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
