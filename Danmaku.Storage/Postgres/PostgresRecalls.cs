using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Core.Wire;
using Npgsql;
using static Danmaku.Storage.Postgres.PostgresCommands;

namespace Danmaku.Storage.Postgres;

/// <summary>Appends that have recalls among them. They take more than one round trip, and are rare.</summary>
internal static class PostgresRecalls
{
    /// <summary>Room, position of the recall; what follows says which danmaku it takes back.</summary>
    private const string Erase =
        """
        UPDATE danmaku.log SET author = '', text = '', mode = 0, color = 16777215, size = 1, at = NULL, user_id = NULL, role = 0
        WHERE room = $1 AND text <> '' AND (epoch, "offset") < ($2, $3)
        """;

    /// <summary>Appends, erases what the recalls take back, and revises the parts of the histories that they touch, in one transaction.</summary>
    /// <returns>The indexes of the appends that are kept.</returns>
    public static async Task<List<int>> AppendAsync(NpgsqlDataSource source, IReadOnlyList<RoomAppend> appends, CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation).ConfigureAwait(false);
        await using var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        var kept = await transaction.ListAsync(PostgresAppend.Statement(appends), row => (int)row.GetInt64(0), cancellation).ConfigureAwait(false);
        foreach (var append in kept.Select(index => appends[index]))
        {
            foreach (var (_, comment) in append.Comments)
            {
                if (comment.Recall is { } recall)
                {
                    await ApplyAsync(transaction, append.Room, recall, new Position(append.Epoch, comment.Offset), cancellation).ConfigureAwait(false);
                }
            }
        }

        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
        return kept;
    }

    private static async Task ApplyAsync(
        NpgsqlTransaction transaction, RoomId room, Recall recall, Position at, CancellationToken cancellation)
    {
        var (which, values) = recall switch
        {
            Recall.One one => (""" AND epoch = $4 AND "offset" = $5""", new[] { Typed(one.Target.Epoch), Typed(one.Target.Offset) }),
            Recall.Person person => (" AND user_id = $4 AND time >= $5", [Typed(BinaryCodec.Encode(person.User)), Typed(person.Since)]),
            _ => ("", []),
        };
        var erase = Statement(
            Erase + which + """ RETURNING epoch, "offset" """, [Typed(room.Value), Typed(at.Epoch), Typed(at.Offset), .. values]);
        var touched = await transaction.ListAsync(erase, row => At(row, 0), cancellation).ConfigureAwait(false);
        if (touched.Count > 0)
        {
            await PostgresRevisions.ReviseAsync(transaction, room, touched.Min(), touched.Max(), cancellation).ConfigureAwait(false);
        }
    }
}
