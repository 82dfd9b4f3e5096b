using Danmaku.Core.Rooms;
using Danmaku.Core.Segments;
using Danmaku.Core.Storage;
using Npgsql;
using static Danmaku.Storage.Postgres.PostgresCommands;

namespace Danmaku.Storage.Postgres;

/// <summary>How far a room's log reaches, and which parts of it were withdrawn.</summary>
internal static class PostgresRevisions
{
    private const string Select =
        """
        SELECT number, from_epoch, from_offset, through_epoch, through_offset FROM danmaku.revisions WHERE room = $1 ORDER BY number
        """;

    private const string Insert =
        """
        INSERT INTO danmaku.revisions (room, number, from_epoch, from_offset, through_epoch, through_offset) VALUES ($1, $2, $3, $4, $5, $6)
        """;

    public static Task<RoomExtent?> ExtentAsync(NpgsqlDataSource source, RoomId room, CancellationToken cancellation)
    {
        NpgsqlBatchCommand[] statements =
        [
            Statement(
                "SELECT epoch, start_epoch, start_offset, last_epoch, last_offset FROM danmaku.rooms WHERE room = $1", Typed(room.Value)),
            Statement(Select, Typed(room.Value)),
        ];
        return source.RunAsync(
            statements,
            async rows =>
            {
                if (!await rows.ReadAsync(cancellation).ConfigureAwait(false))
                {
                    return null;
                }

                var (epoch, start, last) = (rows.GetInt64(0), At(rows, 1), At(rows, 3));
                await rows.NextResultAsync(cancellation).ConfigureAwait(false);
                return new RoomExtent(epoch, start, last, await rows.ListAsync(Read, cancellation).ConfigureAwait(false));
            },
            cancellation);
    }

    public static async Task<long?> ReviseAsync(
        NpgsqlDataSource source, RoomId room, Position from, Position through, CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        var revision = await ReviseAsync(transaction, room, from, through, cancellation).ConfigureAwait(false);
        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
        return revision;
    }

    /// <summary>The same as a part of a transaction.</summary>
    public static async Task<long?> ReviseAsync(
        NpgsqlTransaction transaction, RoomId room, Position from, Position through, CancellationToken cancellation)
    {
        // Locks the room's row: of two calls at once, the second sees what the first has written.
        var found = await ListAsync("SELECT 0 FROM danmaku.rooms WHERE room = $1 FOR UPDATE", _ => 0, Typed(room.Value)).ConfigureAwait(false);
        if (found.Count == 0)
        {
            return null;
        }

        var before = await ListAsync(Select, Read, Typed(room.Value)).ConfigureAwait(false);
        var after = Revision.Add(before, from, through);
        await ListAsync(
            "DELETE FROM danmaku.revisions WHERE room = $1 AND number = ANY ($2)",
            _ => 0,
            Typed(room.Value),
            Typed(before.Except(after).Select(gone => gone.Number).ToArray())).ConfigureAwait(false);
        var (number, start, end) = after[^1];
        await ListAsync(
            Insert,
            _ => 0,
            Typed(room.Value), Typed(number), Typed(start.Epoch), Typed(start.Offset), Typed(end.Epoch), Typed(end.Offset)).ConfigureAwait(false);
        return number;

        Task<List<T>> ListAsync<T>(string sql, Func<NpgsqlDataReader, T> row, params NpgsqlParameter[] parameters) =>
            transaction.ListAsync(Statement(sql, parameters), row, cancellation);
    }

    private static Revision Read(NpgsqlDataReader row) => new(row.GetInt64(0), At(row, 1), At(row, 3));
}
