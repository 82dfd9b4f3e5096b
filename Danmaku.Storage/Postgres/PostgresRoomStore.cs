using System.Security.Cryptography;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Npgsql;
using static Danmaku.Storage.Postgres.PostgresCommands;

namespace Danmaku.Storage.Postgres;

/// <summary>Keeps rooms in PostgreSQL (13 or later), for any number of origins. What a call has confirmed is on the server's disk.</summary>
public sealed class PostgresRoomStore : IRoomStore
{
    private readonly NpgsqlDataSource _source;
    private readonly TouchedRooms _touched = new();

    private PostgresRoomStore(string id, NpgsqlDataSource source) =>
        (Identity, _source) = (new StoreIdentity("postgresql", id, IsShared: true), source);

    public StoreIdentity Identity { get; }

    public int Lanes => SharedRoomStore.MaxLanes;

    /// <summary>Connects to a database and makes or updates the schema <c>danmaku</c> in it.</summary>
    /// <exception cref="StoreRefusedException">The server refuses the user, the database or the schema: trying again does not help.</exception>
    /// <exception cref="NpgsqlException">The server cannot be reached, or is starting or stopping.</exception>
    public static async Task<PostgresRoomStore> OpenAsync(string connectionString, CancellationToken cancellation = default)
    {
        var source = PostgresSettings.Build(connectionString);
        try
        {
            return new PostgresRoomStore(await PostgresSchema.MigrateAsync(source, cancellation).ConfigureAwait(false), source);
        }
        catch (Exception error)
        {
            await source.DisposeAsync().ConfigureAwait(false);
            if (error is PostgresException { IsTransient: false } refusal)
            {
                throw new StoreRefusedException(
                    $"PostgreSQL refuses ({refusal.SqlState}, {refusal.MessageText}): check the connection string and the user's rights.", error);
            }

            throw;
        }
    }

    public Task<RoomOpening> OpenAsync(RoomId room, OpenRequest request, CancellationToken cancellation)
    {
        _touched.Add(room);
        return OrGiveUpAsync(token => PostgresOpening.RunAsync(_source, room, request, token), cancellation);
    }

    public Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<RoomAppend> appends, CancellationToken cancellation) =>
        OrGiveUpAsync(token => WriteAsync(appends, token), cancellation);

    public Task<IReadOnlyList<Batch>?> ReadAsync(
        RoomId room, Position after, int maxComments, int maxBytes, CancellationToken cancellation) =>
        OrGiveUpAsync(token => PageAsync(room, after, maxComments, maxBytes, token), cancellation);

    public Task<RoomExtent?> ExtentAsync(RoomId room, CancellationToken cancellation) =>
        OrGiveUpAsync(token => PostgresRevisions.ExtentAsync(_source, room, token), cancellation);

    public Task<long?> ReviseAsync(RoomId room, Position from, Position through, CancellationToken cancellation) =>
        OrGiveUpAsync(token => PostgresRevisions.ReviseAsync(_source, room, from, through, token), cancellation);

    public Task<StoreClock> ReadClockAsync(CancellationToken cancellation) =>
        OrGiveUpAsync(ClockAsync, cancellation);

    public Task<ReadOnlyMemory<byte>> SecretAsync(string name, CancellationToken cancellation) => OrGiveUpAsync(
        token => _source.RunAsync(
            [
                // Of two who insert at once the second waits for the first, and reads what that has written.
                Statement(
                    "INSERT INTO danmaku.secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
                    Typed(name),
                    Typed(RandomNumberGenerator.GetBytes(IRoomStore.SecretBytes))),
                Statement("SELECT value FROM danmaku.secrets WHERE name = $1", Typed(name)),
            ],
            async rows => new ReadOnlyMemory<byte>((await rows.ListAsync(row => row.GetFieldValue<byte[]>(0), token).ConfigureAwait(false))[0]),
            token),
        cancellation);

    public Task<bool> TrimAsync(Retention retention, long now, CancellationToken cancellation) =>
        OrGiveUpAsync(token => PostgresTrim.RunAsync(_source, _touched, retention, now, token), cancellation);

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private async Task<StoreClock> ClockAsync(CancellationToken cancellation)
    {
        var clocks = await _source.RunAsync(
            [Statement("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8, (SELECT max(time) FROM danmaku.log)")],
            rows => rows.ListAsync(row => new StoreClock(row.GetInt64(0), row.IsDBNull(1) ? null : row.GetInt64(1)), cancellation),
            cancellation).ConfigureAwait(false);
        return clocks[0];
    }

    private async Task<IReadOnlyList<bool>> WriteAsync(IReadOnlyList<RoomAppend> appends, CancellationToken cancellation)
    {
        RoomLog.Check(appends);
        if (appends.Count == 0)
        {
            return [];
        }

        var hasRecalls = appends.Any(append => append.Comments.Any(entry => entry.Comment.Recall is not null));
        var indexes = hasRecalls
            ? await PostgresRecalls.AppendAsync(_source, appends, cancellation).ConfigureAwait(false)
            : await _source.RunAsync(
                [PostgresAppend.Statement(appends)],
                rows => rows.ListAsync(row => (int)row.GetInt64(0), cancellation),
                cancellation).ConfigureAwait(false);
        var kept = new bool[appends.Count];
        indexes.ForEach(index => kept[index] = true);

        _touched.Add(appends.Where((_, i) => kept[i]).Select(append => append.Room));
        return kept;
    }

    private Task<IReadOnlyList<Batch>?> PageAsync(
        RoomId room, Position after, int maxComments, int maxBytes, CancellationToken cancellation)
    {
        NpgsqlBatchCommand[] statements =
        [
            // The start is read last, so that a trim in between is noticed.
            Statement(
                SelectLog + """ AND (epoch, "offset") > ($2, $3) ORDER BY epoch, "offset" LIMIT $4""",
                Typed(room.Value),
                Typed(after.Epoch),
                Typed(after.Offset),
                Typed(RoomLog.MaxEntries(maxComments, maxBytes))),
            Statement("SELECT start_epoch, start_offset FROM danmaku.rooms WHERE room = $1", Typed(room.Value)),
        ];
        return _source.RunAsync(
            statements,
            async rows =>
            {
                var entries = await rows.ListAsync(Entry, cancellation).ConfigureAwait(false);
                await rows.NextResultAsync(cancellation).ConfigureAwait(false);
                return await rows.ReadAsync(cancellation).ConfigureAwait(false) && after >= At(rows, 0)
                    ? RoomLog.Page(entries, maxComments, maxBytes)
                    : null;
            },
            cancellation);
    }
}
