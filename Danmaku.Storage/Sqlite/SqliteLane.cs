using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Danmaku.Storage.Sqlite;

/// <summary>
/// A connection and the thread on which alone it is used, so that nobody else waits for a disk. What waits while a transaction is
/// under way shares the next one, and its one flush to the disk.
/// </summary>
/// <remarks>Thread-safe. Beyond <see cref="MaxWaiting"/> calls fail at once.</remarks>
internal sealed class SqliteLane : IAsyncDisposable
{
    public const int MaxWaiting = 10_000;

    /// <summary>Most calls that share a transaction.</summary>
    private const int MaxShared = 64;

    /// <summary>How long disposing waits for a disk that does not answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly BlockingCollection<Call> _calls = new(MaxWaiting);
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
        new Thread(Run) { Name = name, IsBackground = true }.Start();
    }

    /// <summary>Does something in a transaction; a second time when another call that shared the first one failed.</summary>
    /// <returns>Its result, when the transaction is committed. When cancelled, it may still be done later.</returns>
    public Task<T> RunAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellation)
    {
        var call = new Call<T>(work, cancellation);
        if (_calls.IsAddingCompleted || !_calls.TryAdd(call, 0, CancellationToken.None))
        {
            return Task.FromException<T>(new IOException($"The store is closed, or {MaxWaiting} calls wait for it"));
        }

        return call.Task.WaitAsync(cancellation);
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

    private void Run()
    {
        var shared = new List<Call>();
        foreach (var first in _calls.GetConsumingEnumerable())
        {
            shared.Clear();
            for (var call = first; call is not null; call = shared.Count < MaxShared && _calls.TryTake(out var next) ? next : null)
            {
                shared.Add(call);
            }

            Commit(shared);
        }

        _session.Dispose();
        _ended.SetResult();
    }

    private void Commit(List<Call> calls)
    {
        while (!TryCommit(calls))
        {
        }
    }

    /// <returns>Whether all of them were told what came of it; false when there is room on the disk now that was not there.</returns>
    private bool TryCommit(List<Call> calls)
    {
        try
        {
            _session.Execute(_begin);
            foreach (var call in calls)
            {
                _session.Execute("SAVEPOINT call");
                if (!call.TryRun(_session))
                {
                    _session.Execute("ROLLBACK TO call");
                }

                _session.Execute("RELEASE call");
            }

            _session.Execute("COMMIT");
        }
        catch (SqliteException error) when (error.SqliteErrorCode == SQLitePCL.raw.SQLITE_FULL && _makeRoom())
        {
            RollBack();
            return false;
        }
        catch (SqliteException error) when (calls.Count > 1 && error.SqliteErrorCode != SQLitePCL.raw.SQLITE_BUSY)
        {
            // One of them may be the cause: each has a transaction of its own now. Who holds the file would have all of them wait anew.
            RollBack();
            calls.ForEach(call => Commit([call]));
            return true;
        }
        catch (Exception error)
        {
            // Whatever it is, the callers are told; an exception on this thread would end the process.
            RollBack();
            calls.ForEach(call => call.Fail(error));
            return true;
        }

        calls.ForEach(call => call.Complete());
        return true;
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

    private abstract class Call
    {
        /// <returns>Whether it did what it should; else nothing of it may stay.</returns>
        public abstract bool TryRun(SqliteSession session);

        public abstract void Complete();

        public abstract void Fail(Exception error);
    }

    private sealed class Call<T>(Func<SqliteSession, T> work, CancellationToken cancellation) : Call
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;

        public Task<T> Task => _done.Task;

        public override bool TryRun(SqliteSession session)
        {
            try
            {
                cancellation.ThrowIfCancellationRequested();
                _result = work(session);
                return true;
            }
            catch (Exception error) when (error is not SqliteException)
            {
                Fail(error);
                return false;
            }
        }

        public override void Complete() => _done.TrySetResult(_result);

        public override void Fail(Exception error) => _done.TrySetException(error);
    }
}
