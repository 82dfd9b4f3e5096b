using Danmaku.Chaos.Checks;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Storage.Postgres;

namespace Danmaku.Chaos.Cluster;

/// <summary>A PostgreSQL server of our own with an empty database, which goes with it.</summary>
public sealed class PostgresStore : ClusterStore
{
    /// <summary>More than a run can fill.</summary>
    public static readonly Retention DefaultRetention = new(100_000, TimeSpan.FromDays(30));

    private readonly PostgresServer _server;
    private readonly string _database;

    private PostgresStore(PostgresServer server, string database) => (_server, _database) = (server, database);

    public override string Kind => "postgresql";

    public override int Origins => 2;

    public override bool IsDurable => true;

    public override Retention Retention => DefaultRetention;

    public override string? WhyNoKill => null;

    /// <summary>Why there can be none here; null when there can.</summary>
    public static string? WhyNot => PostgresServer.Programs is null ? "PostgreSQL is not installed" : null;

    /// <param name="network">Where it listens.</param>
    /// <param name="log">What the server says is appended to this file.</param>
    public static async Task<PostgresStore> StartNewAsync(NodeNetwork network, string log)
    {
        var server = await PostgresServer.StartNewAsync(network.Host, network.Cidr, log, "fsync=on");
        return new PostgresStore(server, await server.CreateDatabaseAsync());
    }

    public override IReadOnlyDictionary<string, string> Settings(string data) => new Dictionary<string, string>
    {
        ["Danmaku__Store__Kind"] = Kind,
        ["Danmaku__Store__ConnectionString"] = _database,
    };

    public override async Task<IReadOnlyList<LoggedPost>?> ReadLogAsync(RoomId room, PostTexts texts, CancellationToken cancellation)
    {
        await using var store = await PostgresRoomStore.OpenAsync(_database, cancellation);
        return await StoredLog.ReadAsync(store, room, texts, cancellation);
    }

    public override Task KillAsync() => _server.KillAsync();

    public override Task StartAsync() => _server.StartAsync();

    public override async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await base.DisposeAsync();
    }
}
