using System.Globalization;
using System.Net;

namespace Danmaku.Testing;

/// <summary>
/// A PostgreSQL of this process alone, with Debian's programs or those on the path, in a temporary directory. It can be stopped, killed and started again
/// with what it had; it ends with this process, also when that is killed.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "danmaku";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _programs;
    private readonly string _folder = Directory.CreateTempSubdirectory("danmaku-postgres-").FullName;
    private readonly IPAddress _address;
    private readonly string _log;
    private readonly int _port;
    private readonly string[] _settings;
    private OwnedProcess? _process;
    private int _databases;

    private PostgresServer(string programs, IPAddress address, string? log, string[] settings)
    {
        (_programs, _address, _settings, _port) = (programs, address, settings, Ports.Free(address));
        _log = log ?? Path.Combine(_folder, "log");
    }

    /// <summary>Where the programs are; null when they are not installed or nobody unprivileged is there to run them.</summary>
    public static string? Programs { get; } = FindPrograms();

    /// <summary>The server refuses to run as root, so root starts it as Debian's user for it.</summary>
    private static bool IsRoot => !OperatingSystem.IsWindows() && Environment.UserName == "root";

    private static string[] Unprivileged =>
        IsRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] : [];

    /// <summary>Makes a server on loopback and starts it.</summary>
    /// <param name="settings">
    /// Such as <c>fsync=on</c>, which is off for speed: only a power cut could tell the difference.
    /// </param>
    /// <exception cref="InvalidOperationException">There is none: ask <see cref="Programs"/> first.</exception>
    public static Task<PostgresServer> StartNewAsync(params string[] settings) =>
        StartNewAsync(IPAddress.Loopback, $"{IPAddress.Loopback}/32", log: null, settings);

    /// <summary>Makes a server and starts it.</summary>
    /// <param name="address">Where it listens, for the whole of <paramref name="cidr"/>.</param>
    /// <param name="log">What it says is appended to this file; null for one that goes with it.</param>
    public static async Task<PostgresServer> StartNewAsync(IPAddress address, string cidr, string? log, params string[] settings)
    {
        var programs = Programs ?? throw new InvalidOperationException("PostgreSQL is not installed");
        var server = new PostgresServer(programs, address, log, settings);
        try
        {
            if (IsRoot)
            {
                await RunAsync(["chown", "postgres:postgres", server._folder]).ConfigureAwait(false);
            }

            string[] initdb = [server.Program("initdb"), "-D", server.Data, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"];
            await RunAsync([.. Unprivileged, .. initdb]).ConfigureAwait(false);
            await File.AppendAllTextAsync(Path.Combine(server.Data, "pg_hba.conf"), $"host all all {cidr} trust\n").ConfigureAwait(false);
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
            "-c", $"listen_addresses={_address}", "-c", "shared_buffers=32MB", "-c", "autovacuum_naptime=1h", "-c", "fsync=off",
            .. _settings.SelectMany(setting => (string[])["-c", setting]),
        ];
        _process = OwnedProcess.Start([.. Unprivileged, .. postgres], _log, folder: _folder);
        await Eventually.TrueAsync(IsReadyAsync, Patience, "PostgreSQL is ready").ConfigureAwait(false);
    }

    /// <summary>Ends it in order; whoever is connected is cut off.</summary>
    public Task StopAsync() => EndAsync(Signal.Interrupt);

    /// <summary>Ends the server and all its backends at once, as a crash does.</summary>
    public Task KillAsync() => EndAsync(Signal.Kill);

    /// <summary>Lets it hang: connections stay, nothing answers.</summary>
    public void Suspend() => SignalAll(Signal.Stop);

    public void Resume() => SignalAll(Signal.Continue);

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
        RunAsync([Program("psql"), "-h", $"{_address}", "-p", Text(_port), "-U", User, "-d", database, "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", sql]);

    public async ValueTask DisposeAsync()
    {
        await KillAsync().ConfigureAwait(false);
        Directory.Delete(_folder, recursive: true);
    }

    private string Data => Path.Combine(_folder, "data");

    private string ConnectionString(string database) => $"Host={_address};Port={Text(_port)};Username={User};Database={database}";

    private string Program(string name) => Path.Combine(_programs, name);

    private async Task<bool> IsReadyAsync()
    {
        if (_process!.HasExited)
        {
            throw new InvalidDataException(await File.ReadAllTextAsync(_log).ConfigureAwait(false));
        }

        try
        {
            await RunAsync([Program("pg_isready"), "-q", "-h", $"{_address}", "-p", Text(_port)]).ConfigureAwait(false);
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    private async Task EndAsync(Signal signal)
    {
        if (_process is not { } process)
        {
            return;
        }

        _process = null;
        var backends = Backends(process.Id);
        process.Send(signal);
        if (signal == Signal.Kill)
        {
            backends.ForEach(backend => OwnedProcess.Send(backend, signal));
        }

        await process.Ended.WaitAsync(Patience).ConfigureAwait(false);
        await Eventually.TrueAsync(() => backends.All(HasEnded), Patience, "all backends have ended").ConfigureAwait(false);
        await process.DisposeAsync().ConfigureAwait(false);
    }

    private void SignalAll(Signal signal)
    {
        foreach (var process in (int[])[_process!.Id, .. Backends(_process.Id)])
        {
            OwnedProcess.Send(process, signal);
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

    private static Task<string> RunAsync(string[] command) => Testing.Programs.RunAsync(command[0], command[1..]);

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
}
