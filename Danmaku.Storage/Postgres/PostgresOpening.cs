using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Npgsql;
using static Danmaku.Storage.Postgres.PostgresCommands;

namespace Danmaku.Storage.Postgres;

/// <summary>The statements that open a room: they begin an epoch, and answer what there is, in a single round trip and transaction.</summary>
internal static class PostgresOpening
{
    /// <summary>Locks the room's row: who appends at this moment is done before, or is fenced after.</summary>
    private const string Begin =
        """
        INSERT INTO danmaku.rooms AS r (room, epoch, last_epoch, last_offset, last_time, start_epoch, start_offset, opened_at)
        VALUES ($1, $2, $2, 0, 0, $2, 0, $3)
        ON CONFLICT (room) DO UPDATE
        SET epoch = greatest(r.epoch + 1, excluded.epoch), opened_at = greatest(r.opened_at, excluded.opened_at)
        RETURNING epoch, last_epoch, last_offset, last_time
        """;

    /// <summary>The last epoch of a new room is the current one; that of any other room is earlier.</summary>
    private const string AddEpoch =
        """
        INSERT INTO danmaku.epochs (room, epoch, previous_epoch, previous_offset)
        SELECT room, epoch, CASE WHEN last_epoch = epoch THEN 0 ELSE last_epoch END, last_offset FROM danmaku.rooms WHERE room = $1
        """;

    private const string DeleteEmptyEpochs =
        """
        DELETE FROM danmaku.epochs e USING danmaku.rooms r WHERE r.room = $1 AND e.room = $1 AND e.epoch < r.epoch
        AND NOT EXISTS (SELECT FROM danmaku.log l WHERE l.room = e.room AND l.epoch = e.epoch)
        """;

    private const string SelectNewest = SelectLog + """ ORDER BY epoch DESC, "offset" DESC LIMIT $2""";

    /// <summary>As <see cref="OpenRequest.Since"/> says.</summary>
    private const string SelectPosts =
        """
        SELECT epoch, "offset", time, post_id FROM danmaku.log
        WHERE room = $1 AND time >= (SELECT least($2, last_time - $3) FROM danmaku.rooms WHERE room = $1)
        ORDER BY epoch DESC, "offset" DESC LIMIT $4
        """;

    public static Task<RoomOpening> RunAsync(NpgsqlDataSource source, RoomId room, OpenRequest request, CancellationToken cancellation)
    {
        NpgsqlBatchCommand[] statements =
        [
            Statement(Begin, Typed(room.Value), Typed(RoomLog.NextEpoch(0, request)), Typed(request.Now)),
            Statement(AddEpoch, Typed(room.Value)),
            Statement(DeleteEmptyEpochs, Typed(room.Value)),
            Statement(SelectNewest, Typed(room.Value), Typed(request.History)),
            Statement(SelectPosts, Typed(room.Value), Typed(request.IdsSince), Typed(request.Now - request.IdsSince), Typed(request.MaxIds)),
        ];
        return source.RunAsync(statements, rows => ReadAsync(rows, cancellation), cancellation);
    }

    private static async Task<RoomOpening> ReadAsync(NpgsqlDataReader rows, CancellationToken cancellation)
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
