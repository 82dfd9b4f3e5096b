using Danmaku.Chaos.Checks;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Storage.Sqlite;

namespace Danmaku.Chaos.Cluster;

/// <summary>Where the origins of the cluster keep their rooms.</summary>
public abstract class ClusterStore : IAsyncDisposable
{
    /// <summary>As <c>Danmaku:Store:Kind</c> says it.</summary>
    public abstract string Kind { get; }

    /// <summary>How many origins can share it.</summary>
    public abstract int Origins { get; }

    /// <summary>Whether what was acknowledged outlives its origin.</summary>
    public abstract bool IsDurable { get; }

    /// <summary>How much of a room can be read again.</summary>
    public abstract Retention Retention { get; }

    /// <summary>Why it cannot be killed by itself; null when it can.</summary>
    public virtual string? WhyNoKill => $"{Kind} has no process of its own";

    /// <summary>What an origin must be told.</summary>
    /// <param name="data">The node's directory.</param>
    public abstract IReadOnlyDictionary<string, string> Settings(string data);

    public virtual Task KillAsync() => throw new NotSupportedException(WhyNoKill);

    /// <summary>Starts it again after <see cref="KillAsync"/>, and waits until it can be used.</summary>
    public virtual Task StartAsync() => throw new NotSupportedException(WhyNoKill);

    /// <summary>The whole log of a room; null when nothing outlives the nodes. To be called when they have ended.</summary>
    public virtual Task<IReadOnlyList<LoggedPost>?> ReadLogAsync(RoomId room, PostTexts texts, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<LoggedPost>?>(null);

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Rooms in their origin's memory: an origin's end is the end of its rooms' epochs.</summary>
public sealed class MemoryStore : ClusterStore
{
    public override string Kind => "memory";

    public override int Origins => 2;

    public override bool IsDurable => false;

    public override Retention Retention => new(RoomLimits.Default.HistoryComments, TimeSpan.FromMinutes(10));

    public override IReadOnlyDictionary<string, string> Settings(string data) =>
        new Dictionary<string, string> { ["Danmaku__Store__Kind"] = Kind };
}

/// <summary>SQLite: a file in the directory of the only origin.</summary>
public sealed class SqliteStore : ClusterStore
{
    public override string Kind => "sqlite";

    public override int Origins => 1;

    public override bool IsDurable => true;

    public override Retention Retention => PostgresStore.DefaultRetention;

    private string? _data;

    public override IReadOnlyDictionary<string, string> Settings(string data)
    {
        _data = data;
        return new Dictionary<string, string> { ["Danmaku__Store__Kind"] = Kind };
    }

    public override async Task<IReadOnlyList<LoggedPost>?> ReadLogAsync(RoomId room, PostTexts texts, CancellationToken cancellation)
    {
        await using var store = await SqliteRoomStore.OpenAsync(_data!, cancellation);
        return await StoredLog.ReadAsync(store, room, texts, cancellation);
    }
}
