using Danmaku.Core.Clocks;
using Danmaku.Core.Rooms;
using Danmaku.Core.Segments;

namespace Danmaku.Core.Storage;

/// <summary>Where the rooms of an origin are kept: their logs, the ids of their posts, and which epoch may write.</summary>
/// <remarks>
/// Thread-safe. A task that fails says nothing about what was done: the store may be away, or it may have committed and then failed to
/// answer. Every call may be repeated. What a task has confirmed survives a power cut, except where rooms are kept in memory. A caller
/// that cancels is let go at once; its call may still be done later.
/// </remarks>
public interface IRoomStore : IRoomReader, IAsyncDisposable
{
    /// <summary>Which store this is.</summary>
    StoreIdentity Identity { get; }

    /// <summary>How many calls of <see cref="AppendAsync"/> the store profits from at a time, each with other rooms.</summary>
    int Lanes { get; }

    /// <summary>
    /// Begins a new epoch of a room, and answers what the store has of it. From then on nothing can be appended to an earlier epoch: two
    /// owners of one room cannot both write.
    /// </summary>
    Task<RoomOpening> OpenAsync(RoomId room, OpenRequest request, CancellationToken cancellation);

    /// <summary>
    /// Commits what several rooms accepted, in one transaction. Within an epoch offsets have no holes. What the store has already it leaves
    /// as it is, so that a caller may repeat an append whose outcome it does not know.
    /// </summary>
    /// <remarks>
    /// In the same transaction an entry that is a recall erases what it takes back (<see cref="Comment.Recalled"/>), and gives the part of the history that it
    /// touches a new revision. Who reads sees both or neither.
    /// </remarks>
    /// <param name="appends">Of different rooms.</param>
    /// <returns>
    /// For each append, whether it is kept. False when a later epoch of its room has begun, or when the store does not have what it follows
    /// (it lost what it had confirmed): then nothing of it was written, and the room goes on only in a new epoch.
    /// </returns>
    /// <exception cref="ArgumentException">One is empty or has a hole, or a room is there twice: nothing was written.</exception>
    Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<RoomAppend> appends, CancellationToken cancellation);

    /// <summary>Gives a part of a room's history a new revision, as <see cref="Revision.Add"/> says. Repeating gives another one.</summary>
    /// <returns>Its number; null when nothing is known of the room.</returns>
    Task<long?> ReviseAsync(RoomId room, Position from, Position through, CancellationToken cancellation);

    /// <summary>What the store knows of the time.</summary>
    Task<StoreClock> ReadClockAsync(CancellationToken cancellation);

    /// <summary>A secret of the deployment, made when it is first asked for: the same for whoever asks, now and later.</summary>
    /// <param name="name">Which one; 1 to 64 characters.</param>
    /// <returns><see cref="SecretBytes"/> random bytes.</returns>
    Task<ReadOnlyMemory<byte>> SecretAsync(string name, CancellationToken cancellation);

    /// <summary>Length of a secret.</summary>
    const int SecretBytes = 32;

    /// <summary>Forgets some of what is older, or more, than the retention. The caller calls again soon when it returns true.</summary>
    /// <remarks>
    /// Times may decrease from epoch to epoch, where a wrong clock stamped one. A store forgets a room's danmaku in their order: an old one
    /// waits for younger ones before it, and one whose time is still to come goes with what follows it.
    /// </remarks>
    /// <returns>Whether there is more to forget.</returns>
    Task<bool> TrimAsync(Retention retention, long now, CancellationToken cancellation);
}

/// <summary>What has been said in rooms.</summary>
public interface IRoomReader
{
    /// <summary>The first of what follows <paramref name="after"/>, in order and without holes, possibly over several epochs.</summary>
    /// <param name="maxComments">At least 1.</param>
    /// <param name="maxBytes">Of <see cref="Comment.Bytes"/>; the first danmaku is given even when it is larger.</param>
    /// <returns>Batches of one epoch each; empty when there is nothing more; null when something after that position has been forgotten.</returns>
    Task<IReadOnlyList<Batch>?> ReadAsync(RoomId room, Position after, int maxComments, int maxBytes, CancellationToken cancellation);

    /// <summary>What there is of a room, without its danmaku; null when nothing is known of it.</summary>
    Task<RoomExtent?> ExtentAsync(RoomId room, CancellationToken cancellation);
}

/// <param name="Now">The time by a clock of its own, Unix milliseconds; null when it has none.</param>
/// <param name="Newest">The latest time of any danmaku in it, Unix milliseconds; null when it keeps none.</param>
public sealed record StoreClock(long? Now, long? Newest);

/// <summary>Which store an origin uses. Origins of one cluster must share one.</summary>
/// <param name="Kind">memory, sqlite or postgresql.</param>
/// <param name="Id">32 lower-case hexadecimal digits, made once when the store is.</param>
/// <param name="IsShared">Whether several origins can use it at a time.</param>
public sealed record StoreIdentity(string Kind, string Id, bool IsShared);

/// <summary>What a caller wants of a room that it opens.</summary>
/// <param name="KnownEpoch">The newest epoch that anybody knows of; 0 for none. The new one is later.</param>
/// <param name="Now">Unix milliseconds; the new epoch is not earlier.</param>
/// <param name="History">How many of the newest danmaku are wanted.</param>
/// <param name="IdsSince">
/// Posts accepted since then (Unix milliseconds) are wanted by their ids; also those of as long a time before the room's last danmaku.
/// </param>
/// <param name="MaxIds">The most of them that are wanted, the newest.</param>
public readonly record struct OpenRequest(long KnownEpoch, long Now, int History, long IdsSince, int MaxIds)
{
    /// <summary>
    /// The time from which on ids are given of a room. The clock of its last owner may be behind this one's: the room's own time counts
    /// when it is earlier.
    /// </summary>
    /// <param name="lastTime">The time of the room's last danmaku.</param>
    public long Since(long lastTime) => Math.Min(IdsSince, lastTime - (Now - IdsSince));
}

/// <summary>A room as its store knows it, at the beginning of a new epoch.</summary>
/// <param name="Epoch">The new one: later than any before, and than <see cref="OpenRequest.KnownEpoch"/>.</param>
/// <param name="Previous">
/// The position of the last danmaku before it. When there has never been one, offset 0 of the first epoch; <see cref="Position.None"/>
/// when this is the first.
/// </param>
/// <param name="LastTime">
/// The time of the last danmaku, Unix milliseconds; 0 when there was none. The room's time goes on from it, unless it is still to come.
/// </param>
/// <param name="Start">The position after which nothing is missing in <paramref name="History"/>.</param>
/// <param name="History">The newest danmaku, batches of one epoch each, in order and without holes.</param>
/// <param name="Posts">Ids and positions, oldest first, with the time at which each was accepted, Unix milliseconds.</param>
public sealed record RoomOpening(
    long Epoch,
    Position Previous,
    long LastTime,
    Position Start,
    IReadOnlyList<Batch> History,
    IReadOnlyList<(PostId Id, Position Position, long Time)> Posts)
{
    /// <summary>A room of which nothing is known.</summary>
    public static RoomOpening First(long epoch) => new(epoch, Position.None, 0, new Position(epoch, 0), [], []);
}

/// <summary>How far a room's log reaches.</summary>
/// <param name="Epoch">The newest; nothing is appended to an earlier one.</param>
/// <param name="Start">The position after which nothing is missing.</param>
/// <param name="Last">The position of the last danmaku ever; offset 0 of the first epoch when there never was one.</param>
/// <param name="Revisions">Of what is kept; the newest is the last.</param>
public sealed record RoomExtent(long Epoch, Position Start, Position Last, IReadOnlyList<Revision> Revisions);

/// <summary>What a room accepted: consecutive danmaku of one epoch, with the ids of their posts. Never empty.</summary>
public sealed record RoomAppend(RoomId Room, long Epoch, IReadOnlyList<(PostId Id, Comment Comment)> Comments)
{
    public Position Last => new(Epoch, Comments[^1].Comment.Offset);
}

/// <summary>How much of each room a store keeps.</summary>
/// <param name="MaxComments">The newest so many of each room; a little more for a while, and all that is younger than <see cref="MinAge"/>.</param>
/// <param name="MaxAge">Nothing older.</param>
public sealed record Retention(int MaxComments, TimeSpan MaxAge)
{
    /// <summary>
    /// What is younger is not forgotten for being too many: the ids of posts are remembered by it. Default 10 min, as long as
    /// <see cref="RoomLimits.PostIdWindow"/>.
    /// </summary>
    public TimeSpan MinAge { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What was said after then is too young to be forgotten for being too many. Unix milliseconds, as <paramref name="now"/>.</summary>
    public long Young(long now) => now - (long)MinAge.TotalMilliseconds;

    /// <summary>What was said before then is too old. Unix milliseconds, as <paramref name="now"/>.</summary>
    public long Oldest(long now) => now - (long)MaxAge.TotalMilliseconds;

    /// <summary>What has a later time was stamped by a wrong clock: how old it is nobody knows. Unix milliseconds, as <paramref name="now"/>.</summary>
    public static long Latest(long now) => now + (long)ClockJudge.Tolerance.TotalMilliseconds;

    /// <summary>A room with nothing left that was neither opened nor written since then is forgotten entirely.</summary>
    public long OldestRoom(long now) => Oldest(now) - (long)RoomLog.EmptyRoomAge.TotalMilliseconds;
}
