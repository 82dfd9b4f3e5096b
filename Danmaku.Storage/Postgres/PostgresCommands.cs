using Danmaku.Core.Identities;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Core.Wire;
using Npgsql;

namespace Danmaku.Storage.Postgres;

/// <summary>Puts statements together and takes rows apart.</summary>
internal static class PostgresCommands
{
    /// <summary>The columns that <see cref="Entry"/> reads; the room is $1.</summary>
    public const string SelectLog =
        """
        SELECT epoch, previous_epoch, previous_offset, "offset", time, author, text, mode, color, size, at, post_id, user_id, role, recall
        FROM danmaku.log JOIN danmaku.epochs USING (room, epoch) WHERE room = $1
        """;

    /// <summary>A value with its type, so that the server needs to guess nothing.</summary>
    public static NpgsqlParameter Typed<T>(T value) => new NpgsqlParameter<T> { TypedValue = value };

    public static NpgsqlBatchCommand Statement(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        return command;
    }

    /// <summary>
    /// Lets the caller go at once when it gives up. Npgsql alone first tells the server, on the canceller's thread, and waits for its
    /// answer; the server may hang.
    /// </summary>
    public static async Task<T> OrGiveUpAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return await RunAsync().WaitAsync(cancellation).ConfigureAwait(false);

        async Task<T> RunAsync()
        {
            using var inner = new CancellationTokenSource();
            using var registration = cancellation.UnsafeRegister(_ => inner.CancelAsync(), null);
            return await call(inner.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Sends statements together, as one transaction, and reads their one answer.</summary>
    public static async Task<T> RunAsync<T>(
        this NpgsqlDataSource source,
        IEnumerable<NpgsqlBatchCommand> statements,
        Func<NpgsqlDataReader, Task<T>> read,
        CancellationToken cancellation)
    {
        await using var connection = await source.OpenConnectionAsync(cancellation).ConfigureAwait(false);
        await using var batch = new NpgsqlBatch(connection);
        foreach (var statement in statements)
        {
            batch.BatchCommands.Add(statement);
        }

        var rows = await batch.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        await using (rows.ConfigureAwait(false))
        {
            var result = await read(rows).ConfigureAwait(false);

            // The transaction is committed when the answer ends.
            while (await rows.NextResultAsync(cancellation).ConfigureAwait(false))
            {
            }

            return result;
        }
    }

    public static async Task<List<T>> ListAsync<T>(
        this NpgsqlDataReader rows, Func<NpgsqlDataReader, T> row, CancellationToken cancellation)
    {
        var list = new List<T>();
        while (await rows.ReadAsync(cancellation).ConfigureAwait(false))
        {
            list.Add(row(rows));
        }

        return list;
    }

    /// <summary>Runs one statement of a transaction.</summary>
    public static async Task<List<T>> ListAsync<T>(
        this NpgsqlTransaction transaction, NpgsqlBatchCommand statement, Func<NpgsqlDataReader, T> row, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(transaction.Connection, transaction);
        batch.BatchCommands.Add(statement);
        await using var rows = await batch.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        return await rows.ListAsync(row, cancellation).ConfigureAwait(false);
    }

    public static LogEntry Entry(NpgsqlDataReader row)
    {
        var style = new CommentStyle((CommentMode)row.GetInt16(7), row.GetInt32(8), (CommentSize)row.GetInt16(9));
        long? at = row.IsDBNull(10) ? null : row.GetInt64(10);
        return new LogEntry(
            row.GetInt64(0),
            At(row, 1),
            Id(row, 11),
            new Comment(row.GetInt64(3), row.GetInt64(4), row.GetString(5), row.GetString(6), style, at)
            {
                User = row.IsDBNull(12) ? default : new UserId(row.GetFieldValue<byte[]>(12)),
                Role = (Role)row.GetInt16(13),
                Recall = row.IsDBNull(14) ? null : BinaryCodec.DecodeRecall(row.GetFieldValue<byte[]>(14)),
            });
    }

    /// <summary>An epoch in one column and an offset in the next.</summary>
    public static Position At(NpgsqlDataReader row, int column) => new(row.GetInt64(column), row.GetInt64(column + 1));

    public static PostId Id(NpgsqlDataReader row, int column)
    {
        Span<byte> bytes = stackalloc byte[16];
        row.GetGuid(column).TryWriteBytes(bytes, bigEndian: true, out _);
        return new PostId(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    public static Guid Uuid(PostId id)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, id.Value);
        return new Guid(bytes, bigEndian: true);
    }
}
