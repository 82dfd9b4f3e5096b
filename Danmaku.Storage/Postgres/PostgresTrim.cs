using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Npgsql;
using static Danmaku.Storage.Postgres.PostgresCommands;

namespace Danmaku.Storage.Postgres;

/// <summary>Deletes what the store no longer keeps, a bounded part at a time, one origin at a time.</summary>
internal static class PostgresTrim
{
    /// <returns>Whether there may be more for this origin to delete.</returns>
    public static async Task<bool> RunAsync(
        NpgsqlDataSource source, TouchedRooms touched, Retention retention, long now, CancellationToken cancellation)
    {
        var rooms = touched.Take(TrimPlan.MaxRooms);
        try
        {
            await using var connection = await source.OpenConnectionAsync(cancellation).ConfigureAwait(false);
            await using var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
            var trim = new Transaction(connection, cancellation);
            if (!await trim.TryLockAsync().ConfigureAwait(false))
            {
                touched.Add(rooms);
                return false;
            }

            var plan = new TrimPlan();
            await trim.AddOldAsync(plan, retention.Oldest(now), Retention.Latest(now)).ConfigureAwait(false);
            var later = await trim.AddSurplusAsync(plan, rooms, retention, now).ConfigureAwait(false);
            var more = await trim.DeleteAsync(plan, retention.OldestRoom(now)).ConfigureAwait(false);
            await transaction.CommitAsync(cancellation).ConfigureAwait(false);
            if (plan.Rest > 0)
            {
                later.ForEach(touched.PutOff);
                return !touched.TryEndRound() || more;
            }
        }
        catch
        {
            touched.Add(rooms);
            throw;
        }

        touched.Add(rooms);
        return true;
    }

    private sealed class Transaction(NpgsqlConnection connection, CancellationToken cancellation)
    {
        /// <summary>Looks at no more danmaku of a room than one call may delete, and ends before the first that is too young.</summary>
        private const string SelectSurplus =
            """
            SELECT room, epoch, "offset"
            FROM (
                SELECT s.room, k.epoch, k."offset",
                    bool_or(k.time > $7 AND k.time <= $8) OVER (PARTITION BY s.room ORDER BY k.epoch, k."offset") AS is_kept
                FROM unnest($1, $2, $3, $4, $5) AS s (room, from_epoch, from_offset, epoch, "offset")
                CROSS JOIN LATERAL (
                    SELECT l.epoch, l."offset", l.time FROM danmaku.log l WHERE l.room = s.room
                    AND (l.epoch, l."offset") > (s.from_epoch, s.from_offset) AND (l.epoch, l."offset") <= (s.epoch, s."offset")
                    ORDER BY l.epoch, l."offset" LIMIT $6) k) found
            WHERE NOT is_kept LIMIT $6
            """;

        public async Task<bool> TryLockAsync() =>
            (await ListAsync("SELECT pg_try_advisory_xact_lock($1)", row => row.GetBoolean(0), Typed(PostgresSchema.TrimLock))
                .ConfigureAwait(false))[0];

        /// <summary>Adds old danmaku, up to the first of each room that the store keeps.</summary>
        public async Task AddOldAsync(TrimPlan plan, long oldest, long latest) =>
            Add(plan, await ListAsync(
                """
                WITH old AS MATERIALIZED (SELECT room, epoch, "offset" FROM danmaku.log WHERE time < $1 ORDER BY time LIMIT $2)
                SELECT o.room, o.epoch, o."offset"
                FROM old o JOIN (
                    SELECT r.room, k.epoch, k."offset"
                    FROM (SELECT DISTINCT room FROM old) r
                    LEFT JOIN LATERAL (
                        SELECT l.epoch, l."offset" FROM danmaku.log l WHERE l.room = r.room AND l.time >= $1 AND l.time <= $3
                        ORDER BY l.epoch, l."offset" LIMIT 1) k ON true) kept USING (room)
                WHERE kept.epoch IS NULL OR (o.epoch, o."offset") < (kept.epoch, kept."offset")
                """,
                Located,
                Typed(oldest),
                Typed(plan.Rest),
                Typed(latest)).ConfigureAwait(false));

        /// <summary>Adds the surplus of rooms, up to the first danmaku of each that is too young.</summary>
        /// <returns>Rooms that have more surplus.</returns>
        public async Task<List<RoomId>> AddSurplusAsync(TrimPlan plan, List<RoomId> names, Retention retention, long now)
        {
            var surplus = await FindSurplusAsync(plan, names, retention.MaxComments).ConfigureAwait(false);
            if (surplus.Count > 0 && plan.Rest > 0)
            {
                Add(plan, await ListAsync(
                    SelectSurplus,
                    Located,
                    Names(surplus.Select(room => room.Room)),
                    Numbers(surplus.Select(room => room.From.Epoch)),
                    Numbers(surplus.Select(room => room.From.Offset)),
                    Numbers(surplus.Select(room => room.Through.Epoch)),
                    Numbers(surplus.Select(room => room.Through.Offset)),
                    Typed(plan.Rest),
                    Typed(retention.Young(now)),
                    Typed(Retention.Latest(now))).ConfigureAwait(false));
            }

            return [.. surplus.Where(room => plan.Of(room.Room) < room.Through).Select(room => room.Room)];
        }

        /// <returns>Whether there may be more rooms to delete entirely.</returns>
        public async Task<bool> DeleteAsync(TrimPlan plan, long oldestRoom)
        {
            if (plan.Through.Count > 0)
            {
                await DeleteRowsAsync(plan).ConfigureAwait(false);
            }

            // A room that is opened or written at this moment is locked, and stays: to wait for it could be a deadlock with its writer.
            var forgotten = await ListAsync(
                """
                WITH gone AS MATERIALIZED (
                    SELECT room FROM danmaku.rooms
                    WHERE opened_at < $1 AND last_time < $1 AND (start_epoch, start_offset) = (last_epoch, last_offset)
                    ORDER BY opened_at LIMIT $2 FOR UPDATE SKIP LOCKED
                )
                DELETE FROM danmaku.rooms r USING gone WHERE r.room = gone.room RETURNING r.room
                """,
                row => RoomId.Parse(row.GetString(0)),
                Typed(oldestRoom),
                Typed(TrimPlan.MaxRooms)).ConfigureAwait(false);
            if (forgotten.Count > 0)
            {
                await ListAsync("DELETE FROM danmaku.epochs WHERE room = ANY ($1)", _ => 0, Names(forgotten)).ConfigureAwait(false);
                await ListAsync("DELETE FROM danmaku.revisions WHERE room = ANY ($1)", _ => 0, Names(forgotten)).ConfigureAwait(false);
            }

            return forgotten.Count == TrimPlan.MaxRooms;
        }

        /// <summary>Finds the surplus of each room, without counting its danmaku.</summary>
        private async Task<List<(RoomId Room, Position From, Position Through)>> FindSurplusAsync(TrimPlan plan, List<RoomId> names, int keep)
        {
            var rooms = await ListAsync(
                "SELECT room, last_epoch, last_offset, start_epoch, start_offset FROM danmaku.rooms WHERE room = ANY ($1)",
                row => (Name: RoomId.Parse(row.GetString(0)), Last: At(row, 1), Start: At(row, 3)),
                Names(names)).ConfigureAwait(false);
            var epochs = (await ListAsync(
                "SELECT room, epoch, previous_epoch, previous_offset FROM danmaku.epochs WHERE room = ANY ($1)",
                row => (Key: (RoomId.Parse(row.GetString(0)), row.GetInt64(1)), Previous: At(row, 2)),
                Names(names)).ConfigureAwait(false)).ToDictionary(epoch => epoch.Key, epoch => epoch.Previous);
            var surplus = new List<(RoomId Room, Position From, Position Through)>();
            foreach (var (name, last, start) in rooms)
            {
                var from = plan.Of(name) > start ? plan.Of(name) : start;
                var through = RoomLog.Surplus(last, keep, epoch => epochs.GetValueOrDefault((name, epoch)));
                if (through > from)
                {
                    surplus.Add((name, from, through));
                }
            }

            return surplus;
        }

        private async Task DeleteRowsAsync(TrimPlan plan)
        {
            // First it locks the rooms, in the order in which writers lock them: then nobody opens a room with what is deleted now.
            string[] statements =
            [
                "SELECT FROM danmaku.rooms WHERE room = ANY ($1) AND $2 IS NOT NULL AND $3 IS NOT NULL ORDER BY room FOR UPDATE",
                """
                UPDATE danmaku.rooms r SET start_epoch = t.epoch, start_offset = t."offset"
                FROM unnest($1, $2, $3) AS t (room, epoch, "offset")
                WHERE r.room = t.room AND (t.epoch, t."offset") > (r.start_epoch, r.start_offset)
                """,
                """
                DELETE FROM danmaku.log l USING unnest($1, $2, $3) AS t (room, epoch, "offset")
                WHERE l.room = t.room AND (l.epoch, l."offset") <= (t.epoch, t."offset")
                """,
                """
                DELETE FROM danmaku.epochs e USING unnest($1, $2, $3) AS t (room, epoch, "offset") JOIN danmaku.rooms r USING (room)
                WHERE e.room = t.room AND e.epoch <= t.epoch AND e.epoch < r.epoch
                AND NOT EXISTS (SELECT FROM danmaku.log l WHERE l.room = e.room AND l.epoch = e.epoch)
                """,
                """
                DELETE FROM danmaku.revisions v USING unnest($1, $2, $3) AS t (room, epoch, "offset")
                WHERE v.room = t.room AND (v.through_epoch, v.through_offset) <= (t.epoch, t."offset")
                """,
            ];
            foreach (var statement in statements)
            {
                await ListAsync(
                    statement,
                    _ => 0,
                    Names(plan.Through.Keys),
                    Numbers(plan.Through.Values.Select(position => position.Epoch)),
                    Numbers(plan.Through.Values.Select(position => position.Offset))).ConfigureAwait(false);
            }
        }

        private static void Add(TrimPlan plan, List<(RoomId Room, Position Position)> rows) =>
            rows.ForEach(row => plan.Add(row.Room, row.Position));

        private static (RoomId Room, Position Position) Located(NpgsqlDataReader row) => (RoomId.Parse(row.GetString(0)), At(row, 1));

        private static NpgsqlParameter Names(IEnumerable<RoomId> rooms) => Typed(rooms.Select(room => room.Value).ToArray());

        private static NpgsqlParameter Numbers(IEnumerable<long> numbers) => Typed(numbers.ToArray());

        private async Task<List<T>> ListAsync<T>(string sql, Func<NpgsqlDataReader, T> row, params NpgsqlParameter[] parameters)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            command.Parameters.AddRange(parameters);
            await using var rows = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            return await rows.ListAsync(row, cancellation).ConfigureAwait(false);
        }
    }
}
