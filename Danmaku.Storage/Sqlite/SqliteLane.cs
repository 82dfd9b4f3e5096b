using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Danmaku.Storage.Sqlite;

/// <summary>Runs calls on one connection, one at a time, each in a transaction of its own. It has a thread, so that nobody else waits for the disk.</summary>
/// <remarks>Thread-safe. Calls run in the order in which they came. Beyond <see cref="MaxWaiting"/> calls fail at once.</remarks>
internal sealed class SqliteLane : IAsyncDisposable
{
    public const int MaxWaiting = 10_000;

    /// <summary>How long disposing waits for a disk that does not answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly BlockingCollection<Action> _calls = new(MaxWaiting);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SqliteSession _session;
    private readonly string _begin;
    private readonly Func<bool> _makeRoom;

    /// <param name="session">Disposed with the lane.</param>
    /// <param name="begin">How a transaction begins.</param>
    /// <param name="makeRoom">Called when the disk is full: whether it makes sense to try again. Must not throw.</param>
    public SqliteLane(string name, SqliteSession session, string begin, Func<bool> makeRoom)
    {
        (_session, _begin, _makeRoom) = (session, begin, makeRoom);
        new Thread(RunAll) { Name = name, IsBackground = true }.Start();
    }

    /// <summary>Does something in a transaction; again when the disk was full and has room now.</summary>
    /// <returns>Its result, when the transaction is committed. When cancelled, it may still be done later.</returns>
    public Task<T> RunAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_calls.IsAddingCompleted || !_calls.TryAdd(Run, 0, CancellationToken.None))
        {
            return Task.FromException<T>(new IOException($"The store is closed, or {MaxWaiting} calls wait for it"));
        }

        return done.Task.WaitAsync(cancellation);

        void Run()
        {
            try
            {
                cancellation.ThrowIfCancellationRequested();
                done.SetResult(Commit(work));
            }
            catch (Exception error)
            {
                // Whatever it is, the caller is told; an exception on this thread would end the process.
                done.SetException(error);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _calls.CompleteAdding();
        try
        {
            await _ended.Task.WaitAsync(Patience).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The process ends without the disk, as it would when killed.
        }
    }

    private void RunAll()
    {
        foreach (var call in _calls.GetConsumingEnumerable())
        {
            call();
        }

        _session.Dispose();
        _ended.SetResult();
    }

    private T Commit<T>(Func<SqliteSession, T> work)
    {
        while (true)
        {
            try
            {
                _session.Execute(_begin);
                var result = work(_session);
                _session.Execute("COMMIT");
                return result;
            }
            catch (SqliteException error) when (error.SqliteErrorCode == SQLitePCL.raw.SQLITE_FULL && _makeRoom())
            {
                RollBack();
            }
            catch
            {
                RollBack();
                throw;
            }
        }
    }

    private void RollBack()
    {
        try
        {
            _session.Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // Some errors, such as a full disk, have rolled back already.
        }
    }
}
