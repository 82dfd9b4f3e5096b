using System.Buffers.Binary;
using System.Security.Cryptography;
using Danmaku.Core.Identities;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;
using Danmaku.Core.Segments;
using Danmaku.Core.Storage;
using Danmaku.Core.Wire;
using Microsoft.Data.Sqlite;

namespace Danmaku.Storage.Sqlite;

/// <summary>Keeps rooms in one file, for one process. What a call has confirmed is on the disk.</summary>
public sealed class SqliteRoomStore : IRoomStore
{
    public const string FileName = "danmaku.db";

    /// <summary>Most bytes of a write-ahead log that is not in use.</summary>
    private const string WalLimit = "PRAGMA journal_size_limit = 67108864";

    private readonly IDisposable _lock;
    private readonly SqliteLane _writer;
    private readonly SqliteLane _reader;
    private readonly TouchedRooms _touched = new();

    private SqliteRoomStore(string id, IDisposable directoryLock, SqliteSession writer, SqliteSession reader)
    {
        (Identity, _lock) = (new StoreIdentity("sqlite", id, IsShared: false), directoryLock);
        _writer = new SqliteLane("danmaku store", writer, "BEGIN IMMEDIATE", () => MakeRoom());
        _reader = new SqliteLane("danmaku store reader", reader, "BEGIN", () => false);
    }

    public StoreIdentity Identity { get; }

    public int Lanes => 1;

    /// <summary>
    /// Called on the store's thread when the disk is full. Deletes something that nobody needs, and says whether it did: then the commit is
    /// tried again at once, for as long as there is something to delete. Must not throw.
    /// </summary>
    public Func<bool> MakeRoom { get; set; } = () => false;

    /// <summary>Opens the store in a directory, and makes both when they are not there.</summary>
    /// <exception cref="StoreRefusedException">Another process uses the directory, or the file cannot be used.</exception>
    public static Task<SqliteRoomStore> OpenAsync(string directory, CancellationToken cancellation = default) =>
        Task.Run(() => Open(directory), cancellation);

    public Task<RoomOpening> OpenAsync(RoomId room, OpenRequest request, CancellationToken cancellation) =>
        _writer.RunAsync(session => Open(session, room, request), cancellation);

    public Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<RoomAppend> appends, CancellationToken cancellation) =>
        _writer.RunAsync<IReadOnlyList<bool>>(
            session =>
            {
                RoomLog.Check(appends);
                return [.. appends.Select(append => TryAppend(session, append))];
            },
            cancellation);

    public Task<IReadOnlyList<Batch>?> ReadAsync(
        RoomId room, Position after, int maxComments, int maxBytes, CancellationToken cancellation) =>
        _reader.RunAsync(
            session =>
            {
                if (Room.Find(session, room) is not { } found || after < found.Start)
                {
                    return null;
                }

                using var rows = session.Query(
                    SelectLog + """ AND (epoch, "offset") > ($2, $3) ORDER BY epoch, "offset" LIMIT $4""",
                    room.Value,
                    after.Epoch,
                    after.Offset,
                    RoomLog.MaxEntries(maxComments, maxBytes));
                return RoomLog.Page(Entries(rows), maxComments, maxBytes);
            },
            cancellation);

    public Task<RoomExtent?> ExtentAsync(RoomId room, CancellationToken cancellation) =>
        _reader.RunAsync(
            session => Room.Find(session, room) is { } found
                ? new RoomExtent(found.Epoch, found.Start, found.Last, Revisions(session, room))
                : null,
            cancellation);

    public Task<long?> ReviseAsync(RoomId room, Position from, Position through, CancellationToken cancellation) =>
        _writer.RunAsync(session => Room.Find(session, room) is null ? null : Revise(session, room, from, through), cancellation);

    public Task<StoreClock> ReadClockAsync(CancellationToken cancellation) =>
        _reader.RunAsync(session => new StoreClock(null, session.Scalar("SELECT max(time) FROM log") as long?), cancellation);

    public Task<ReadOnlyMemory<byte>> SecretAsync(string name, CancellationToken cancellation) => _writer.RunAsync(
        session =>
        {
            session.Execute("INSERT OR IGNORE INTO secrets (name, value) VALUES ($1, $2)", name, RandomNumberGenerator.GetBytes(IRoomStore.SecretBytes));
            return new ReadOnlyMemory<byte>((byte[])session.Scalar("SELECT value FROM secrets WHERE name = $1", name)!);
        },
        cancellation);

    public async Task<bool> TrimAsync(Retention retention, long now, CancellationToken cancellation)
    {
        var rooms = _touched.Take(TrimPlan.MaxRooms);
        try
        {
            return await _writer.RunAsync(session => SqliteTrim.Run(session, _touched, rooms, retention, now), cancellation)
                .ConfigureAwait(false);
        }
        catch
        {
            _touched.Add(rooms);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _reader.DisposeAsync().ConfigureAwait(false);
        await _writer.DisposeAsync().ConfigureAwait(false);
        _lock.Dispose();
    }

    private const string SelectLog =
        """
        SELECT epoch, previous_epoch, previous_offset, "offset", time, author, text, mode, color, size, at, post_id, user_id, role, recall
        FROM log JOIN epochs USING (room, epoch) WHERE room = $1
        """;

    private static SqliteRoomStore Open(string directory)
    {
        directory = Path.GetFullPath(directory);
        var file = Path.Combine(directory, FileName);
        var directoryLock = DirectoryLock.Take(directory);
        try
        {
            var (writer, reader) = Sessions(file);
            try
            {
                return new SqliteRoomStore(SqliteSchema.Migrate(writer, file), directoryLock, writer, reader);
            }
            catch
            {
                reader.Dispose();
                writer.Dispose();
                throw;
            }
        }
        catch (Exception error)
        {
            directoryLock.Dispose();
            if (error is SqliteException sqlite)
            {
                throw new StoreRefusedException($"{file} cannot be used ({error.Message.TrimEnd('.')}): {Remedy(sqlite)}.", error);
            }

            throw;
        }
    }

    /// <param name="error">Its code is one of https://sqlite.org/rescode.html.</param>
    private static string Remedy(SqliteException error) => error.SqliteErrorCode switch
    {
        5 or 6 => "end the program that has locked it",
        3 or 8 or 14 => "let the user that runs this node write it, or give this node another directory",
        13 => "make room on the disk",
        _ => "repair it or move it away",
    };

    /// <summary>Opens the connections of a store. The writer flushes what it commits to the disk; the reader cannot write.</summary>
    internal static (SqliteSession Writer, SqliteSession Reader) Sessions(string file)
    {
        var writer = new SqliteSession(file, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", WalLimit);
        return (writer, new SqliteSession(file, "PRAGMA query_only = ON"));
    }

    private RoomOpening Open(SqliteSession session, RoomId room, OpenRequest request)
    {
        var old = Room.Find(session, room);
        var epoch = RoomLog.NextEpoch(old?.Epoch ?? 0, request);
        var previous = old?.Last ?? Position.None;
        if (old is { } known)
        {
            session.Execute(
                "UPDATE rooms SET epoch = $2, opened_at = max(opened_at, $3) WHERE room = $1", room.Value, epoch, request.Now);
            session.Execute(
                """
                DELETE FROM epochs WHERE room = $1 AND epoch = $2
                AND NOT EXISTS (SELECT 1 FROM log WHERE log.room = epochs.room AND log.epoch = epochs.epoch)
                """,
                room.Value,
                known.Epoch);
        }
        else
        {
            session.Execute(
                """
                INSERT INTO rooms (room, epoch, last_epoch, last_offset, last_time, start_epoch, start_offset, opened_at)
                VALUES ($1, $2, $2, 0, 0, $2, 0, $3)
                """,
                room.Value,
                epoch,
                request.Now);
        }

        session.Execute(
            "INSERT INTO epochs (room, epoch, previous_epoch, previous_offset) VALUES ($1, $2, $3, $4)", room.Value, epoch, previous.Epoch, previous.Offset);
        _touched.Add(room);
        var last = old?.Last ?? new Position(epoch, 0);
        var lastTime = old?.LastTime ?? 0;
        var posts = Posts(session, room, request.Since(lastTime), request.MaxIds);
        return RoomLog.Opening(epoch, previous, last, lastTime, Newest(session, room, request.History), posts);
    }

    private bool TryAppend(SqliteSession session, RoomAppend append)
    {
        if (Room.Find(session, append.Room) is not { } room || room.Epoch != append.Epoch || !RoomLog.Follows(append, room.Last))
        {
            return false;
        }

        if (append.Last <= room.Last)
        {
            return true;
        }

        foreach (var (id, comment) in append.Comments.Where(entry => new Position(append.Epoch, entry.Comment.Offset) > room.Last))
        {
            Insert(session, append, id, comment);
            if (comment.Recall is { } recall)
            {
                Withdraw(session, append.Room, recall, new Position(append.Epoch, comment.Offset));
            }
        }

        session.Execute(
            "UPDATE rooms SET last_epoch = $2, last_offset = $3, last_time = $4 WHERE room = $1",
            append.Room.Value,
            append.Epoch,
            append.Last.Offset,
            append.Comments[^1].Comment.Time);
        _touched.Add(append.Room);
        return true;
    }

    private static void Insert(SqliteSession session, RoomAppend append, PostId id, Comment comment) => session.Execute(
        """
        INSERT INTO log (room, epoch, "offset", time, author, text, mode, color, size, at, post_id, user_id, role, recall)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        """,
        append.Room.Value,
        append.Epoch,
        comment.Offset,
        comment.Time,
        comment.Author,
        comment.Text,
        (int)comment.Style.Mode,
        comment.Style.Color,
        (int)comment.Style.Size,
        comment.At,
        Bytes(id),
        comment.User.IsNone ? null : BinaryCodec.Encode(comment.User),
        (int)comment.Role,
        comment.Recall is null ? null : BinaryCodec.Encode(comment.Recall));

    /// <summary>Erases what a recall takes back, and revises the part of the history that it touches.</summary>
    /// <param name="at">The recall's own position: what it takes back comes before it.</param>
    private static void Withdraw(SqliteSession session, RoomId room, Recall recall, Position at)
    {
        const string Erase =
            """
            UPDATE log SET author = '', text = '', mode = 0, color = 16777215, size = 1, at = NULL, user_id = NULL, role = 0
            WHERE room = $1 AND text <> '' AND (epoch, "offset") < ($2, $3)
            """;
        const string Touched = """ RETURNING epoch, "offset" """;
        using var rows = recall switch
        {
            Recall.One one => session.Query(
                Erase + """ AND epoch = $4 AND "offset" = $5""" + Touched, room.Value, at.Epoch, at.Offset, one.Target.Epoch, one.Target.Offset),
            Recall.Person person => session.Query(
                Erase + " AND user_id = $4 AND time >= $5" + Touched, room.Value, at.Epoch, at.Offset, BinaryCodec.Encode(person.User), person.Since),
            _ => session.Query(Erase + Touched, room.Value, at.Epoch, at.Offset),
        };
        var touched = new List<Position>();
        while (rows.Read())
        {
            touched.Add(new Position(rows.GetInt64(0), rows.GetInt64(1)));
        }

        if (touched.Count > 0)
        {
            Revise(session, room, touched.Min(), touched.Max());
        }
    }

    private static long? Revise(SqliteSession session, RoomId room, Position from, Position through)
    {
        var before = Revisions(session, room);
        var after = Revision.Add(before, from, through);
        foreach (var gone in before.Except(after))
        {
            session.Execute("DELETE FROM revisions WHERE room = $1 AND number = $2", room.Value, gone.Number);
        }

        var revision = after[^1];
        session.Execute(
            "INSERT INTO revisions (room, number, from_epoch, from_offset, through_epoch, through_offset) VALUES ($1, $2, $3, $4, $5, $6)",
            room.Value,
            revision.Number,
            revision.From.Epoch,
            revision.From.Offset,
            revision.Through.Epoch,
            revision.Through.Offset);
        return revision.Number;
    }

    private static List<Revision> Revisions(SqliteSession session, RoomId room)
    {
        using var rows = session.Query(
            "SELECT number, from_epoch, from_offset, through_epoch, through_offset FROM revisions WHERE room = $1 ORDER BY number", room.Value);
        var revisions = new List<Revision>();
        while (rows.Read())
        {
            revisions.Add(new Revision(
                rows.GetInt64(0), new Position(rows.GetInt64(1), rows.GetInt64(2)), new Position(rows.GetInt64(3), rows.GetInt64(4))));
        }

        return revisions;
    }

    private static List<LogEntry> Newest(SqliteSession session, RoomId room, int count)
    {
        using var rows = session.Query(SelectLog + """ ORDER BY epoch DESC, "offset" DESC LIMIT $2""", room.Value, count);
        var entries = Entries(rows).ToList();
        entries.Reverse();
        return entries;
    }

    /// <summary>Reads from the newest backwards, up to the first that is too old.</summary>
    private static List<(PostId Id, Position Position, long Time)> Posts(SqliteSession session, RoomId room, long since, int max)
    {
        using var rows = session.Query(
            """SELECT epoch, "offset", time, post_id FROM log WHERE room = $1 ORDER BY epoch DESC, "offset" DESC LIMIT $2""",
            room.Value,
            max);
        var posts = new List<(PostId Id, Position Position, long Time)>();
        while (rows.Read() && rows.GetInt64(2) >= since)
        {
            posts.Add((Id(rows, 3), new Position(rows.GetInt64(0), rows.GetInt64(1)), rows.GetInt64(2)));
        }

        posts.Reverse();
        return posts;
    }

    private static IEnumerable<LogEntry> Entries(SqliteDataReader rows)
    {
        while (rows.Read())
        {
            var style = new CommentStyle((CommentMode)rows.GetByte(7), rows.GetInt32(8), (CommentSize)rows.GetByte(9));
            long? at = rows.IsDBNull(10) ? null : rows.GetInt64(10);
            yield return new LogEntry(
                rows.GetInt64(0),
                new Position(rows.GetInt64(1), rows.GetInt64(2)),
                Id(rows, 11),
                new Comment(rows.GetInt64(3), rows.GetInt64(4), rows.GetString(5), rows.GetString(6), style, at)
                {
                    User = rows.IsDBNull(12) ? default : new UserId(rows.GetFieldValue<byte[]>(12)),
                    Role = (Role)rows.GetByte(13),
                    Recall = rows.IsDBNull(14) ? null : BinaryCodec.DecodeRecall(rows.GetFieldValue<byte[]>(14)),
                });
        }
    }

    private static PostId Id(SqliteDataReader row, int column) =>
        new(BinaryPrimitives.ReadUInt128BigEndian(row.GetFieldValue<byte[]>(column)));

    private static byte[] Bytes(PostId id)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, id.Value);
        return bytes;
    }

    /// <summary>A row of the table of rooms.</summary>
    internal readonly record struct Room(long Epoch, Position Last, long LastTime, Position Start)
    {
        public static Room? Find(SqliteSession session, RoomId room)
        {
            using var rows = session.Query(
                "SELECT epoch, last_epoch, last_offset, last_time, start_epoch, start_offset FROM rooms WHERE room = $1", room.Value);
            return rows.Read()
                ? new Room(
                    rows.GetInt64(0),
                    new Position(rows.GetInt64(1), rows.GetInt64(2)),
                    rows.GetInt64(3),
                    new Position(rows.GetInt64(4), rows.GetInt64(5)))
                : null;
        }
    }
}
