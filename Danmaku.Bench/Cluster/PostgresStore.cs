using System.Globalization;
using System.Net;
using Danmaku.Bench.Checks;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Storage.Postgres;

namespace Danmaku.Bench.Cluster;

/// <summary>A PostgreSQL server of our own with an empty database, in a directory that goes with it.</summary>
public sealed class PostgresStore : ClusterStore
{
    /// <summary>More than a run can fill.</summary>
    public static readonly Retention DefaultRetention = new(100_000, TimeSpan.FromDays(30));

    private const string Name = "danmaku";

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(100);

    private readonly string _folder;
    private readonly string _log;
    private readonly string _programs;
    private readonly IPAddress _address;
    private readonly int _port;
    private readonly TimeProvider _time;
    private OwnedProcess? _process;

    private PostgresStore(string programs, string folder, string log, IPAddress address, TimeProvider time)
    {
        (_programs, _folder, _log, _address, _time) = (programs, folder, log, address, time);
        _port = NodeNetwork.FreePorts(address, 1)[0];
    }

    public override string Kind => "postgresql";

    public override int Origins => 2;

    public override bool IsDurable => true;

    public override Retention Retention => DefaultRetention;

    public override string? WhyNoKill => null;

    /// <summary>Why there can be none here; null when there can.</summary>
    public static string? WhyNot => FindPrograms() is null ? "PostgreSQL's initdb is not installed" : null;

    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"Host={_address};Port={_port};Username={Name};Database={Name}");

    private string Data => Path.Combine(_folder, "data");

    /// <summary>Makes an empty one that is not started yet.</summary>
    /// <param name="address">Where it listens, for the whole of <paramref name="cidr"/>.</param>
    /// <param name="log">What the server says is appended to this file.</param>
    public static async Task<PostgresStore> CreateAsync(IPAddress address, string cidr, string log, TimeProvider time)
    {
        var folder = Directory.CreateTempSubdirectory("danmaku-postgres-").FullName;
        var store = new PostgresStore(FindPrograms()!, folder, log, address, time);
        try
        {
            if (Environment.IsPrivilegedProcess)
            {
                await Programs.RunAsync("chown", ["postgres", folder]);
            }

            await store.InitializeAsync(cidr);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    public override IReadOnlyDictionary<string, string> Settings(string data) => new Dictionary<string, string>
    {
        ["Danmaku__Store__Kind"] = Kind,
        ["Danmaku__Store__ConnectionString"] = ConnectionString,
    };

    public override async Task StartAsync(CancellationToken cancellation)
    {
        var start = _time.GetTimestamp();
        while (!await TryStartAsync(cancellation))
        {
            // The children of one that was killed keep its shared memory for a moment.
            if (_time.GetElapsedTime(start) > StartPatience)
            {
                throw new InvalidDataException($"PostgreSQL does not start, see {_log}");
            }
        }
    }

    public override async Task<IReadOnlyList<LoggedPost>?> ReadLogAsync(RoomId room, PostTexts texts, CancellationToken cancellation)
    {
        await using var store = await PostgresRoomStore.OpenAsync(ConnectionString, cancellation);
        return await StoredLog.ReadAsync(store, room, texts, cancellation);
    }

    public override void Kill() => _process?.Send(Signal.Kill);

    public override async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        await Programs.RunAsync("rm", ["-rf", _folder]);
        await base.DisposeAsync();
    }

    private async Task InitializeAsync(string cidr)
    {
        var initialize = AsServer("initdb", "-D", Data, "-U", Name, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync");
        await Programs.RunAsync(initialize[0], initialize[1..]);
        await File.AppendAllTextAsync(Path.Combine(Data, "pg_hba.conf"), $"host all all {cidr} trust\n");
        await File.AppendAllTextAsync(
            Path.Combine(Data, "postgresql.conf"),
            string.Create(CultureInfo.InvariantCulture, $"""

                listen_addresses = '{_address}'
                port = {_port}
                unix_socket_directories = ''
                max_connections = 50
                shared_buffers = 32MB
                """));
        var create = AsServer("postgres", "--single", "-D", Data, "postgres");
        await Programs.RunAsync(create[0], create[1..], $"CREATE DATABASE {Name}\n");
    }

    private async Task<bool> TryStartAsync(CancellationToken cancellation)
    {
        if (_process is not null)
        {
            await _process.Ended.WaitAsync(cancellation);
            await _process.DisposeAsync();
        }

        var said = File.Exists(_log) ? new FileInfo(_log).Length : 0;
        _process = OwnedProcess.Start(AsServer("postgres", "-D", Data), _log);
        while (!_process.Ended.IsCompleted)
        {
            if (await SaysItIsReadyAsync(said, cancellation))
            {
                return true;
            }

            await Task.Delay(PollEvery, _time, cancellation);
        }

        return false;
    }

    private async Task<bool> SaysItIsReadyAsync(long since, CancellationToken cancellation)
    {
        using var file = new StreamReader(new FileStream(_log, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite));
        file.BaseStream.Position = since;
        return (await file.ReadToEndAsync(cancellation)).Contains("ready to accept connections", StringComparison.Ordinal);
    }

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private string[] AsServer(string program, params string[] arguments) =>
    [
        .. Environment.IsPrivilegedProcess ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"] : Array.Empty<string>(),
        Path.Combine(_programs, program),
        .. arguments,
    ];

    private static string? FindPrograms()
    {
        const string Debian = "/usr/lib/postgresql";
        var folders = Directory.Exists(Debian)
            ? Directory.EnumerateDirectories(Debian).Select(folder => Path.Combine(folder, "bin")).OrderDescending(StringComparer.Ordinal)
            : Enumerable.Empty<string>();
        return folders.FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")))
            ?? (Programs.Find("initdb") is { } path ? Path.GetDirectoryName(path) : null);
    }
}
