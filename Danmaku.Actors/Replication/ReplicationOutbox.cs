using System.Threading.Channels;
using Danmaku.Actors.Rooms;
using Danmaku.Core.Observability;
using static Danmaku.Actors.Rooms.ReplicationProtocol;

namespace Danmaku.Actors.Replication;

/// <summary>
/// Queues what an origin's rooms publish to all edges: a fixed number of partitions, each a bounded queue in front of a
/// <see cref="PartitionPublisher"/>. A room always uses the same partition, so its slices stay in order. Thread-safe.
/// </summary>
public sealed class ReplicationOutbox(DanmakuMetrics metrics)
{
    /// <summary>Topics of the whole cluster. The same on every node, and fixed for the cluster's life.</summary>
    public const int Partitions = 8;

    /// <summary>Most slices and heads that wait in one partition. Further ones are not published, and edges fetch them.</summary>
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

    /// <summary>The queue of one partition; only its publisher reads it.</summary>
    public ChannelReader<IRoomMessage> Queue(int partition) => _queues[partition].Reader;
}
