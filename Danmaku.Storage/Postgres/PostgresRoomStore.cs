using System.Security.Cryptography;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Npgsql;
using static Danmaku.Storage.Postgres.PostgresCommands;

namespace Danmaku.Storage.Postgres;

/// <summary>Keeps rooms in PostgreSQL (13 or later), for any number of origins. What was confirmed is on the server's disk.</summary>
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

    public Task<RoomOpening> OpenAsync(RoomId room, OpenRequest request, CancellationToken cancellation) =>
        OrGiveUpAsync(token => BeginAsync(room, request, token), cancellation);

    public Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<RoomAppend> appends, CancellationToken cancellation) =>
        OrGiveUpAsync(token => WriteAsync(appends, token), cancellation);

    public Task<IReadOnlyList<Batch>?> ReadAsync(
        RoomId room, Position after, int maxComments, int maxBytes, CancellationToken cancellation) =>
        OrGiveUpAsync(token => PageAsync(room, after, maxComments, maxBytes, token), cancellation);

    public Task<RoomExtent?> ExtentAsync(RoomId room, CancellationToken cancellation) =>
        OrGiveUpAsync(token => PostgresRevisions.ExtentAsync(_source, room, token), cancellation);

    public Task<long?> ReviseAsync(RoomId room, Position from, Position through, CancellationToken cancellation) =>
        OrGiveUpAsync(token => PostgresRevisions.ReviseAsync(_source, room, from, through, token), cancellation);

    public Task<StoreClock> ReadClockAsync(CancellationToken cancellation) => OrGiveUpAsync(
        token => _source.RunAsync(
            [Statement("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8, (SELECT max(time) FROM danmaku.log)")],
            async rows => (await rows.ListAsync(row => new StoreClock(row.GetInt64(0), row.IsDBNull(1) ? null : row.GetInt64(1)), token).ConfigureAwait(false))[0],
            token),
        cancellation);

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

    private async Task<RoomOpening> BeginAsync(RoomId room, OpenRequest request, CancellationToken cancellation)
    {
        NpgsqlBatchCommand[] statements =
        [
            // Takes the lock of the room's row: whoever appends at this moment is done before, or is fenced after.
            Statement(
                """
                INSERT INTO danmaku.rooms AS r (room, epoch, last_epoch, last_offset, last_time, start_epoch, start_offset, opened_at)
                VALUES ($1, $2, $2, 0, 0, $2, 0, $3)
                ON CONFLICT (room) DO UPDATE
                SET epoch = greatest(r.epoch + 1, excluded.epoch), opened_at = greatest(r.opened_at, excluded.opened_at)
                RETURNING epoch, last_epoch, last_offset, last_time
                """,
                Typed(room.Value),
                Typed(RoomLog.NextEpoch(0, request)),
                Typed(request.Now)),

            // Of a room that is new the last epoch is the current one; of any other it is earlier.
            Statement(
                """
                INSERT INTO danmaku.epochs (room, epoch, previous_epoch, previous_offset)
                SELECT room, epoch, CASE WHEN last_epoch = epoch THEN 0 ELSE last_epoch END, last_offset FROM danmaku.rooms WHERE room = $1
                """,
                Typed(room.Value)),
            Statement(
                """
                DELETE FROM danmaku.epochs e USING danmaku.rooms r WHERE r.room = $1 AND e.room = $1 AND e.epoch < r.epoch
                AND NOT EXISTS (SELECT FROM danmaku.log l WHERE l.room = e.room AND l.epoch = e.epoch)
                """,
                Typed(room.Value)),
            Statement(
                SelectLog + """ ORDER BY epoch DESC, "offset" DESC LIMIT $2""", Typed(room.Value), Typed(request.History)),

            // What OpenRequest.Since says.
            Statement(
                """
                SELECT epoch, "offset", time, post_id FROM danmaku.log
                WHERE room = $1 AND time >= (SELECT least($2, last_time - $3) FROM danmaku.rooms WHERE room = $1)
                ORDER BY epoch DESC, "offset" DESC LIMIT $4
                """,
                Typed(room.Value),
                Typed(request.IdsSince),
                Typed(request.Now - request.IdsSince),
                Typed(request.MaxIds)),
        ];
        _touched.Add(room);
        return await _source.RunAsync(statements, rows => OpeningAsync(rows, cancellation), cancellation).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<bool>> WriteAsync(IReadOnlyList<RoomAppend> appends, CancellationToken cancellation)
    {
        RoomLog.Check(appends);
        if (appends.Count == 0)
        {
            return [];
        }

        var indexes = await _source.RunAsync(
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
            // The start is read last: what was trimmed meanwhile is noticed.
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

    private static async Task<RoomOpening> OpeningAsync(NpgsqlDataReader rows, CancellationToken cancellation)
    {
        await rows.ReadAsync(cancellation).ConfigureAwait(false);
        var (epoch, last, lastTime) = (rows.GetInt64(0), At(rows, 1), rows.GetInt64(3));
        await rows.NextResultAsync(cancellation).ConfigureAwait(false);
        var history = await rows.ListAsync(Entry, cancellation).ConfigureAwait(false);
        await rows.NextResultAsync(cancellation).ConfigureAwait(false);
        var posts = await rows.ListAsync(row => (Id(row, 3), At(row, 0), row.GetInt64(2)), cancellation).ConfigureAwait(false);
        history.Reverse();
        posts.Reverse();
        return RoomLog.Opening(epoch, last.Epoch == epoch ? Position.None : last, last, lastTime, history, posts);
    }
}
