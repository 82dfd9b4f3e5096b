using System.Globalization;
using System.Security.Cryptography;
using Danmaku.Core.Storage;
using Npgsql;

namespace Danmaku.Storage.Postgres;

/// <summary>The tables in the schema <c>danmaku</c>, and the steps that make them from those of an earlier version.</summary>
internal static class PostgresSchema
{
    /// <summary>Names the lock under which one origin at a time migrates: "danmaku" in ASCII.</summary>
    public const long MigrationLock = 0x64616e6d616b75;

    /// <summary>Names the lock under which one origin at a time trims.</summary>
    public const long TrimLock = MigrationLock + 1;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>The step from each version to the next. The first makes version 1 in an empty schema.</summary>
    private static readonly string[] Steps =
    [
        """
        CREATE TABLE danmaku.store (version int4 NOT NULL, id text NOT NULL);

        -- last: of the newest danmaku ever, or the beginning of the first epoch. start: after it nothing is missing.
        -- No index holds what every append changes, and pages have room: so an append leaves the index alone.
        CREATE TABLE danmaku.rooms (
            room text COLLATE "C" PRIMARY KEY,
            epoch int8 NOT NULL,
            last_epoch int8 NOT NULL,
            last_offset int8 NOT NULL,
            last_time int8 NOT NULL,
            start_epoch int8 NOT NULL,
            start_offset int8 NOT NULL,
            opened_at int8 NOT NULL
        ) WITH (fillfactor = 50);
        CREATE INDEX rooms_opened_at ON danmaku.rooms (opened_at);

        CREATE TABLE danmaku.epochs (
            room text COLLATE "C" NOT NULL,
            epoch int8 NOT NULL,
            previous_epoch int8 NOT NULL,
            previous_offset int8 NOT NULL,
            PRIMARY KEY (room, epoch)
        );

        CREATE TABLE danmaku.log (
            room text COLLATE "C" NOT NULL,
            epoch int8 NOT NULL,
            "offset" int8 NOT NULL,
            time int8 NOT NULL,
            author text NOT NULL,
            text text NOT NULL,
            mode int2 NOT NULL,
            color int4 NOT NULL,
            size int2 NOT NULL,
            at int8,
            post_id uuid NOT NULL,
            PRIMARY KEY (room, epoch, "offset")
        );
        CREATE INDEX log_time ON danmaku.log (time);
        """,
        """
        -- Parts of histories that were withdrawn, with the revision that they have since.
        CREATE TABLE danmaku.revisions (
            room text COLLATE "C" NOT NULL,
            number int8 NOT NULL,
            from_epoch int8 NOT NULL,
            from_offset int8 NOT NULL,
            through_epoch int8 NOT NULL,
            through_offset int8 NOT NULL,
            PRIMARY KEY (room, number)
        );
        """,
        """
        -- See SchemaVersion.
        ALTER TABLE danmaku.store ADD COLUMN compatible int4 NOT NULL DEFAULT 3;
        """,
        """
        -- Secrets of the deployment, such as the key by which people are known.
        CREATE TABLE danmaku.secrets (name text COLLATE "C" PRIMARY KEY, value bytea NOT NULL);
        """,
        """
        -- Who said it, what that person was, and what an entry takes back. An earlier release reads a recall as a danmaku without a text.
        ALTER TABLE danmaku.log ADD COLUMN user_id bytea;
        ALTER TABLE danmaku.log ADD COLUMN role int2 NOT NULL DEFAULT 0;
        ALTER TABLE danmaku.log ADD COLUMN recall bytea;
        """,
    ];

    /// <summary>Brings a database to this version. Several may try at once.</summary>
    /// <returns>The store's id.</returns>
    /// <exception cref="StoreRefusedException">The tables are of a later version, see <see cref="SchemaVersion"/>.</exception>
    public static async Task<string> MigrateAsync(NpgsqlDataSource source, CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        await ExecuteAsync("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").ConfigureAwait(false);
        await ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_xact_lock({MigrationLock})")).ConfigureAwait(false);

        // A user without the right to create schemas may not say "if not exists" either.
        if (await ExecuteAsync("SELECT to_regnamespace('danmaku') IS NOT NULL").ConfigureAwait(false) is false)
        {
            await ExecuteAsync("CREATE SCHEMA danmaku").ConfigureAwait(false);
        }

        await UpgradeAsync(connection.Database, ExecuteAsync).ConfigureAwait(false);
        var id = (string)(await ExecuteAsync("SELECT id FROM danmaku.store").ConfigureAwait(false))!;
        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
        return id;

        async Task<object?> ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction) { CommandTimeout = (int)Patience.TotalSeconds };
            return await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Makes the tables, or adds what they do not have yet.</summary>
    private static async Task UpgradeAsync(string database, Func<string, Task<object?>> execute)
    {
        var hasTables = await execute("SELECT to_regclass('danmaku.store') IS NOT NULL").ConfigureAwait(false) is true;
        var version = hasTables ? (int)(await execute("SELECT version FROM danmaku.store").ConfigureAwait(false))! : 0;
        if (version > Steps.Length)
        {
            var compatible = (int)(await execute("SELECT compatible FROM danmaku.store").ConfigureAwait(false))!;
            SchemaVersion.Check(
                $"The database {database}", version, compatible, Steps.Length, "run that release, or give this cluster another database.");
        }

        foreach (var step in Steps.Skip(version))
        {
            await execute(step).ConfigureAwait(false);
        }

        var id = RandomNumberGenerator.GetHexString(32, lowercase: true);
        await execute($"INSERT INTO danmaku.store (version, id) SELECT 0, '{id}' WHERE NOT EXISTS (SELECT FROM danmaku.store)")
            .ConfigureAwait(false);
        await execute(string.Create(
            CultureInfo.InvariantCulture,
            $"UPDATE danmaku.store SET version = {Steps.Length}, compatible = {SchemaVersion.Compatible} WHERE version < {Steps.Length}"))
            .ConfigureAwait(false);
    }
}
