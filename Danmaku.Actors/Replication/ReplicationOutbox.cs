using System.Threading.Channels;
using Danmaku.Actors.Rooms;
using Danmaku.Core.Observability;
using static Danmaku.Actors.Rooms.ReplicationProtocol;

namespace Danmaku.Actors.Replication;

/// <summary>
/// The way of an origin's rooms to all edges: a fixed number of partitions, each a bounded queue in front of a
/// <see cref="PartitionPublisher"/>. Thread-safe; a room always takes the same partition, so its slices stay in order.
/// </summary>
public sealed class ReplicationOutbox(DanmakuMetrics metrics)
{
    /// <summary>Topics of the whole cluster. The same on every node, and fixed for the cluster's life.</summary>
    public const int Partitions = 8;

    /// <summary>Slices and heads waiting in one partition; what comes above it is not published, and edges fetch it.</summary>
    public const int QueueItems = 4096;

    private readonly Channel<IRoomMessage>[] _queues =
    [
        .. Enumerable.Range(0, Partitions).Select(_ => Channel.CreateBounded<IRoomMessage>(new BoundedChannelOptions(QueueItems)
        {
            SingleReader = true,
            FullMode = BoundedChannelFullMode.Wait,
        })),
    ];

    /// <summary>The topic of one partition; ASCII, since it is in every envelope.</summary>
    public static string Topic(int partition) => $"dm-{partition:000}";

    /// <param name="item">A <see cref="Slice"/> or a <see cref="HeadNote"/>.</param>
    public void Publish(IRoomMessage item)
    {
        if (!_queues[item.Room.Partition(Partitions)].Writer.TryWrite(item))
        {
            metrics.ReplicationDropped();
        }
    }

    /// <summary>What waits in one partition; read by its publisher alone.</summary>
    public ChannelReader<IRoomMessage> Queue(int partition) => _queues[partition].Reader;
}
