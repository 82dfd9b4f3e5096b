using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Core.Wire;
using Npgsql;
using static Danmaku.Storage.Postgres.PostgresCommands;

namespace Danmaku.Storage.Postgres;

/// <summary>The one statement that appends to many rooms: fence, log and answer in a single round trip and transaction.</summary>
internal static class PostgresAppend
{
    /// <summary>
    /// Locks the rooms whose epoch is still the writer's, in order of their names, so that two writers cannot be in a deadlock. Moves the
    /// ends of the rooms whose append follows what they have. Adds danmaku that are not there yet, and none that were deleted before.
    /// Answers the indexes of the appends that are kept.
    /// </summary>
    private const string Sql =
        """
        WITH input AS (
            SELECT * FROM unnest($1, $2, $3, $4, $5) WITH ORDINALITY AS i (room, epoch, first, last, time, number)
        ), locked AS MATERIALIZED (
            SELECT r.room, i.number FROM danmaku.rooms r JOIN input i ON i.room = r.room AND i.epoch = r.epoch
            ORDER BY r.room FOR UPDATE OF r
        ), fence AS (
            UPDATE danmaku.rooms r
            SET last_epoch = i.epoch,
                last_offset = greatest(i.last, CASE WHEN r.last_epoch = i.epoch THEN r.last_offset ELSE 0 END),
                last_time = CASE WHEN (r.last_epoch, r.last_offset) < (i.epoch, i.last) THEN i.time ELSE r.last_time END
            FROM input i JOIN locked l USING (number)
            WHERE r.room = i.room AND r.epoch = i.epoch
            AND i.first <= 1 + CASE WHEN r.last_epoch = i.epoch THEN r.last_offset ELSE 0 END
            RETURNING i.number, r.room, r.epoch, r.start_epoch, r.start_offset
        ), written AS (
            INSERT INTO danmaku.log (room, epoch, "offset", time, author, text, mode, color, size, at, post_id, user_id, role, recall)
            SELECT f.room, f.epoch, c."offset", c.time, c.author, c.text, c.mode, c.color, c.size, c.at, c.post_id, c.user_id, c.role, c.recall
            FROM unnest($6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
                AS c (number, "offset", time, author, text, mode, color, size, at, post_id, user_id, role, recall)
            JOIN fence f USING (number)
            WHERE (f.epoch, c."offset") > (f.start_epoch, f.start_offset)
            ON CONFLICT DO NOTHING
        )
        SELECT number - 1 FROM fence
        """;

    public static NpgsqlBatchCommand Statement(IReadOnlyList<RoomAppend> appends)
    {
        var rows = appends.SelectMany((append, i) => append.Comments.Select(entry => (Number: i + 1L, entry.Id, entry.Comment))).ToList();
        return PostgresCommands.Statement(
            Sql,
            Rooms(append => append.Room.Value),
            Rooms(append => append.Epoch),
            Rooms(append => append.Comments[0].Comment.Offset),
            Rooms(append => append.Last.Offset),
            Rooms(append => append.Comments[^1].Comment.Time),
            Typed(Array.ConvertAll([.. rows], row => row.Number)),
            Comments(comment => comment.Offset),
            Comments(comment => comment.Time),
            Comments(comment => comment.Author),
            Comments(comment => comment.Text),
            Comments(comment => (short)comment.Style.Mode),
            Comments(comment => comment.Style.Color),
            Comments(comment => (short)comment.Style.Size),
            Comments(comment => comment.At),
            Typed(Array.ConvertAll([.. rows], row => Uuid(row.Id))),
            Comments(comment => comment.User.IsNone ? null : BinaryCodec.Encode(comment.User)),
            Comments(comment => (short)comment.Role),
            Comments(comment => comment.Recall is null ? null : BinaryCodec.Encode(comment.Recall)));

        NpgsqlParameter Rooms<T>(Func<RoomAppend, T> value) => Typed(appends.Select(value).ToArray());

        NpgsqlParameter Comments<T>(Func<Comment, T> value) => Typed(rows.Select(row => value(row.Comment)).ToArray());
    }
}
