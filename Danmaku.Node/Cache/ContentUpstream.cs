using Danmaku.Core.Rooms;
using Danmaku.HttpCache;
using Danmaku.HttpCache.Upstreams;
using Danmaku.Node.Options;
using Danmaku.WebSockets.Kestrel;

namespace Danmaku.Node.Cache;

/// <summary>Chooses where this node's content comes from.</summary>
internal sealed class ContentUpstream(NodeSettings settings, IRooms rooms, Descriptors descriptors, ICacheObserver observer, TimeProvider time) : IDisposable
{
    /// <summary>Opens no connection when descriptors are short; open ones are still used.</summary>
    private readonly HttpMessageInvoker _http = HttpUpstream.CreateClient(() =>
    {
        if (!descriptors.HasRoom)
        {
            throw new UpstreamBusyException("There are no file descriptors left for connections to origins.");
        }
    });

    /// <param name="here">This process.</param>
    public IUpstream Choose(IUpstream here)
    {
        var isOrigin = settings.Node.RoleList.Contains("origin");
        IReadOnlyList<IUpstream> given = [.. settings.Cache.UpstreamList.Select(Remote)];
        var upstreams = given.Count > 0 ? () => given : isOrigin ? () => [here] : (Func<IReadOnlyList<IUpstream>>)OfCluster;

        // Content that every node has, such as the page, is better from here than not at all.
        return new UpstreamGroup(upstreams, settings.Cache.Timeout, observer, time) { Instead = isOrigin || given.Count > 0 ? null : here };
    }

    public void Dispose() => _http.Dispose();

    private HttpUpstream Remote(Uri address) => new(address, _http);

    private IReadOnlyList<IUpstream> OfCluster() =>
    [
        .. rooms.Status.Members
            .Where(member => member.Status == "Up" && member.HttpUrl is not null && member.Roles.Contains("origin"))
            .Select(member => member.HttpUrl!)
            .OrderBy(url => url.AbsoluteUri, StringComparer.Ordinal)
            .Select(Remote),
    ];
}
