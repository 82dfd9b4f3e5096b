using Danmaku.Core.Purging;
using Danmaku.Core.Wire;
using Danmaku.HttpCache;

namespace Danmaku.Node.Rooms;

/// <summary>The cache of this node, for purges.</summary>
internal sealed class PurgeableCache(ICachePurge cache) : IPurgeable
{
    public int Purge(PurgeOrder order) => order switch
    {
        PurgeOrder.Url url => cache.PurgeUrl(url.Value),
        PurgeOrder.Room room => cache.PurgeTag(HistoryFormat.CacheTag(room.Id)),
        _ => throw new ArgumentException($"No such order: {order}", nameof(order)),
    };
}
