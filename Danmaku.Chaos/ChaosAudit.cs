using Danmaku.Chaos.Checks;
using Danmaku.Chaos.Cluster;
using Danmaku.Chaos.Viewers;
using Danmaku.Core.Rooms;

namespace Danmaku.Chaos;

/// <summary>Measures what everybody was told in a run against what the store has.</summary>
public sealed class ChaosAudit(ChaosRun run, ClusterStore store)
{
    public (ViewerFinding Viewers, long SkipNotices, PostFinding Posts) Check(IReadOnlyDictionary<RoomId, RoomLog> logs)
    {
        var ends = run.Rooms.ToDictionary(room => room, room => store.IsDurable
            ? new OpenEnds(run.Ledger.Posts.Where(post => post.Room == room).SelectMany(post => post.Acks))
            : OpenEnds.Everything);
        var viewers = run.Viewers
            .Select(viewer => new ViewerCheck(logs[viewer.Room], ends[viewer.Room], store.Retention, ViewerLife.History).Check(viewer.Name, viewer.Life))
            .Aggregate(ViewerFinding.None, (all, one) => all + one);
        return (viewers, run.Viewers.Sum(viewer => viewer.Life.LongCount(heard => heard.Kind == HeardKind.Skipped)),
            new PostCheck(logs, ends).Check(run.Ledger.Posts));
    }

    /// <summary>How many danmaku the store has with a wrong time, see <see cref="TimeCheck"/>. To be asked when the logs have been read.</summary>
    public int WrongTimes { get; private set; }

    /// <summary>The logs of all rooms, as the store has them; where nothing outlives the nodes, all that anybody saw or was told.</summary>
    /// <param name="begin">When the run began.</param>
    /// <param name="end">When it had ended.</param>
    public async Task<IReadOnlyDictionary<RoomId, RoomLog>> ReadLogsAsync(DateTimeOffset begin, DateTimeOffset end, CancellationToken cancellation)
    {
        var logs = new Dictionary<RoomId, RoomLog>();
        foreach (var room in run.Rooms)
        {
            var stored = await store.ReadLogAsync(room, run.Texts, cancellation);
            WrongTimes += TimeCheck.CountWrong(stored ?? [], begin, end);
            logs[room] = new RoomLog(stored?.Select(post => (post.Position, post.Post)) ?? Union(room));
        }

        return logs;
    }

    private IEnumerable<(Position, int)> Union(RoomId room)
    {
        var named = run.Ledger.Posts.Where(post => post.Room == room).SelectMany(post => post.Acks, (post, ack) => (ack.Position, post.Number));
        var seen = run.Viewers.Where(viewer => viewer.Room == room)
            .SelectMany(viewer => viewer.Life)
            .Where(heard => heard.Kind == HeardKind.Danmaku)
            .Select(heard => (heard.Position, heard.Post));
        return named.Concat(seen);
    }
}
