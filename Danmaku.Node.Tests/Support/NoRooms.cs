using Danmaku.Core.Purging;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;

namespace Danmaku.Node.Tests.Support;

/// <summary>Stands behind a node whose rooms are not what is tested: it is ready, and whoever wants a room fails.</summary>
internal class NoRooms : IRooms, IPurger
{
    public bool HasEnded => false;

    public string? NotReady => null;

    public string? Impaired => null;

    public ClusterStatus Status => new("test", []);

    public void AnnounceDrain()
    {
    }

    public virtual Task<Position?> OpenAsync(RoomId room, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual ValueTask<IViewer?> JoinAsync(JoinRequest join, IOutbox outbox, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<PostResult> PostAsync(RoomId room, Post post, int source, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<PurgeResult> PurgeAsync(PurgeOrder order, CancellationToken cancellation) => throw new NotSupportedException();
}
