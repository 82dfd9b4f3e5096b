using Danmaku.Actors.Replication;
using Danmaku.Actors.Rooms;
using Danmaku.Actors.Storage;
using Danmaku.Actors.Tests.Clocks;
using Danmaku.Actors.Tests.Storage;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Tests.Rooms;

/// <summary>What the parts of a <see cref="RoomActor"/> need of its origin, without actors.</summary>
internal sealed class OriginParts : IDisposable
{
    public static readonly RoomId Id = RoomId.Parse("lobby");

    private readonly DanmakuMetrics _metrics = new();

    public OriginParts(RoomLimits? limits = null, int maxUnsaved = 1000)
    {
        Unsaved = new SharedBudget(maxUnsaved);
        var health = new StoreHealth(_metrics, Time, NullLogger<StoreHealth>.Instance);
        Publisher = new ReplicationPublisher(_metrics, Time);
        Context = new OriginContext(
            limits ?? RoomLimits.Default, TimeSpan.FromMinutes(10), new RoomSlots(10), Unsaved, new OriginStore(Store, [Lane], health, Time), SomeClock.Of(Time), Publisher,
            _metrics, Time);
        Room = new Room(RoomOpening.First(Epoch), Context.Limits, Time);
    }

    public const long Epoch = 7;

    public ManualTimeProvider Time { get; } = new();

    public TestStore Store { get; } = new();

    /// <summary>The store's writer.</summary>
    public Listener Lane { get; } = new("lane");

    /// <summary>The room's actor.</summary>
    public Listener Owner { get; } = new("owner");

    public SharedBudget Unsaved { get; }

    public ReplicationPublisher Publisher { get; }

    public OriginContext Context { get; }

    public Room Room { get; }

    /// <summary>The texts that have been published since the last call.</summary>
    public IEnumerable<string> TakePublished()
    {
        while (Publisher.Queue(Id.Partition(ReplicationPublisher.Partitions)).TryRead(out var item))
        {
            foreach (var comment in ((Slice)item).Decode().Comments)
            {
                yield return comment.Text;
            }
        }
    }

    public SubmitPost Submit(int id, bool again = false) => new(
        Id, new Post(new PostId((UInt128)id), "Mei", $"{id}", CommentStyle.Default, null, Time.Now + 10_000) { Again = again }, 0, Ticket: 1);

    public void Dispose() => _metrics.Dispose();
}
