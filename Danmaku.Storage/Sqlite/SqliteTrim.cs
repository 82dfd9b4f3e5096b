using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;

namespace Danmaku.Storage.Sqlite;

/// <summary>Deletes what the store no longer keeps, a bounded part at a time.</summary>
internal static class SqliteTrim
{
    /// <param name="rooms">Taken out of <paramref name="touched"/>.</param>
    /// <returns>Whether there may be more to delete.</returns>
    public static bool Run(SqliteSession session, TouchedRooms touched, List<RoomId> rooms, Retention retention, long now)
    {
        var plan = new TrimPlan();
        AddOld(session, plan, retention.Oldest(now), Retention.Latest(now));
        foreach (var room in rooms)
        {
            var isDone = AddSurplus(session, plan, room, retention.MaxComments, retention.Young(now), Retention.Latest(now));
            if (plan.Rest == 0)
            {
                touched.Add(room);
            }
            else if (!isDone)
            {
                touched.PutOff(room);
            }
        }

        foreach (var (room, through) in plan.Through)
        {
            Delete(session, room, through);
        }

        return Forget(session, retention.OldestRoom(now)) || plan.Rest == 0 || !touched.TryEndRound();
    }

    /// <summary>Adds old danmaku, up to the first of each room that the store keeps.</summary>
    private static void AddOld(SqliteSession session, TrimPlan plan, long oldest, long latest)
    {
        var kept = new Dictionary<RoomId, Position?>();
        using var rows = session.Query(
            """SELECT room, epoch, "offset" FROM log WHERE time < $1 ORDER BY time LIMIT $2""", oldest, plan.Rest);
        while (rows.Read())
        {
            var (room, position) = (RoomId.Parse(rows.GetString(0)), new Position(rows.GetInt64(1), rows.GetInt64(2)));
            if (!kept.TryGetValue(room, out var first))
            {
                kept[room] = first = FirstKept(session, room, oldest, latest);
            }

            if (first is null || position < first)
            {
                plan.Add(room, position);
            }
        }
    }

    private static Position? FirstKept(SqliteSession session, RoomId room, long oldest, long latest)
    {
        using var rows = session.Query(
            """SELECT epoch, "offset" FROM log WHERE room = $1 AND +time >= $2 AND +time <= $3 ORDER BY epoch, "offset" LIMIT 1""", room.Value, oldest, latest);
        return rows.Read() ? new Position(rows.GetInt64(0), rows.GetInt64(1)) : null;
    }

    /// <summary>Adds a room's surplus, up to the first danmaku that is too young.</summary>
    /// <returns>Whether that is the whole surplus.</returns>
    private static bool AddSurplus(SqliteSession session, TrimPlan plan, RoomId name, int keep, long young, long latest)
    {
        if (SqliteRoomStore.Room.Find(session, name) is not { } room)
        {
            return true;
        }

        var start = plan.Of(name) > room.Start ? plan.Of(name) : room.Start;
        var surplus = RoomLog.Surplus(room.Last, keep, epoch => Previous(session, name, epoch));
        if (surplus <= start)
        {
            return true;
        }

        using var rows = session.Query(
            """
            SELECT epoch, "offset", time FROM log WHERE room = $1 AND (epoch, "offset") > ($2, $3) AND (epoch, "offset") <= ($4, $5)
            ORDER BY epoch, "offset" LIMIT $6
            """,
            name.Value,
            start.Epoch,
            start.Offset,
            surplus.Epoch,
            surplus.Offset,
            plan.Rest);
        while (rows.Read() && rows.GetInt64(2) is var time && (time <= young || time > latest))
        {
            plan.Add(name, new Position(rows.GetInt64(0), rows.GetInt64(1)));
        }

        return plan.Of(name) >= surplus;
    }

    private static Position Previous(SqliteSession session, RoomId room, long epoch)
    {
        using var rows = session.Query(
            "SELECT previous_epoch, previous_offset FROM epochs WHERE room = $1 AND epoch = $2", room.Value, epoch);
        return rows.Read() ? new Position(rows.GetInt64(0), rows.GetInt64(1)) : Position.None;
    }

    private static void Delete(SqliteSession session, RoomId room, Position through)
    {
        session.Execute(
            "UPDATE rooms SET start_epoch = $2, start_offset = $3 WHERE room = $1", room.Value, through.Epoch, through.Offset);
        session.Execute(
            """DELETE FROM log WHERE room = $1 AND (epoch, "offset") <= ($2, $3)""", room.Value, through.Epoch, through.Offset);
        session.Execute(
            """
            DELETE FROM epochs WHERE room = $1 AND epoch <= $2 AND epoch < (SELECT epoch FROM rooms WHERE room = $1)
            AND NOT EXISTS (SELECT 1 FROM log WHERE log.room = epochs.room AND log.epoch = epochs.epoch)
            """,
            room.Value,
            through.Epoch);
        session.Execute(
            "DELETE FROM revisions WHERE room = $1 AND (through_epoch, through_offset) <= ($2, $3)", room.Value, through.Epoch, through.Offset);
    }

    /// <summary>Deletes rooms that are empty and that nobody has opened or written for long.</summary>
    private static bool Forget(SqliteSession session, long oldest)
    {
        var rooms = new List<string>();
        using (var rows = session.Query(
            """
            SELECT room FROM rooms
            WHERE opened_at < $1 AND last_time < $1 AND (start_epoch, start_offset) = (last_epoch, last_offset)
            ORDER BY opened_at LIMIT $2
            """,
            oldest,
            TrimPlan.MaxRooms))
        {
            while (rows.Read())
            {
                rooms.Add(rows.GetString(0));
            }
        }

        foreach (var room in rooms)
        {
            session.Execute("DELETE FROM epochs WHERE room = $1", room);
            session.Execute("DELETE FROM revisions WHERE room = $1", room);
            session.Execute("DELETE FROM rooms WHERE room = $1", room);
        }

        return rooms.Count == TrimPlan.MaxRooms;
    }
}
