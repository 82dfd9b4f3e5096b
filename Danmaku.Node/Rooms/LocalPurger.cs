using Danmaku.Core.Purging;
using Danmaku.Core.Segments;
using Danmaku.Core.Storage;
using Danmaku.Core.Wire;
using Danmaku.Node.Cache;
using Danmaku.Node.Options;

namespace Danmaku.Node.Rooms;

/// <summary>The cache of this node, as orders see it.</summary>
internal sealed class PurgeableCache(ICachePurge cache) : IPurgeable
{
    public int Purge(PurgeOrder order) => order switch
    {
        PurgeOrder.Url url => cache.PurgeUrl(url.Value),
        PurgeOrder.Room room => cache.PurgeTag(HistoryFormat.CacheTag(room.Id)),
        _ => throw new ArgumentException($"No such order: {order}", nameof(order)),
    };
}

/// <summary>Purges where this node is the only one.</summary>
/// <param name="store">Null where there is none.</param>
internal sealed class LocalPurger(NodeSettings settings, IPurgeable cache, IRoomStore? store = null) : IPurger
{
    public async Task<PurgeResult> PurgeAsync(PurgeOrder order, CancellationToken cancellation)
    {
        var (from, through) = Revision.Everything;
        var revision = order is PurgeOrder.Room room && store is not null ? await store.ReviseAsync(room.Id, from, through, cancellation) : null;
        return new PurgeResult.Told(revision, [new PurgedNode(settings.Node.NodeName, cache.Purge(order))], []);
    }
}
