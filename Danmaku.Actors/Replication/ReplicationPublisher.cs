using System.Threading.Channels;
using Akka;
using Akka.Actor;
using Akka.Cluster.Tools.PublishSubscribe;
using Akka.Event;
using Akka.Streams;
using Akka.Streams.Dsl;
using Danmaku.Actors.Rooms;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using static Danmaku.Actors.Rooms.ReplicationProtocol;

namespace Danmaku.Actors.Replication;

/// <summary>
/// Publishes what an origin's rooms say to all edges. Rooms are spread over a fixed number of partitions. Each partition has a bounded
/// queue and an Akka.Streams graph: queue → batch → publish. The graph publishes at once when it is idle. Slices that arrive during a
/// publish share the next batch; under load, so do slices that arrive within a few milliseconds.
/// </summary>
/// <remarks>Thread-safe. A room always uses the same partition, so its slices stay in order.</remarks>
public sealed class ReplicationPublisher(DanmakuMetrics metrics, TimeProvider time)
{
    /// <summary>Topics of the whole cluster. The same on every node, and fixed for the cluster's life.</summary>
    public const int Partitions = 8;

    /// <summary>Most slices and heads that wait in one partition. Further ones are not published, and edges fetch them.</summary>
    public const int QueueItems = 4096;

    /// <summary>Most bytes of danmaku in a batch; larger batches save nothing more.</summary>
    public const int MaxBatchBytes = 32 * 1024;

    /// <summary>Most slices and heads in a batch.</summary>
    public const int MaxBatchItems = 256;

    /// <summary>Above this rate of batches per second, items wait for one period of it and share a batch.</summary>
    private const double BatchesPerSecond = 200;

    /// <summary>
    /// A batch takes one turn of that rate for so many danmaku, up to <see cref="MostTurns"/>, so that batches grow with the load. A batch
    /// costs the same for one danmaku as for fifty.
    /// </summary>
    private const double DanmakuPerTurn = 8;

    private const int MostTurns = 4;

    /// <summary>Turns that may be taken at once after a quiet time.</summary>
    private const int Burst = 8;

    private static readonly TimeSpan MediatorPatience = TimeSpan.FromSeconds(5);

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

    /// <summary>Queues something, or drops it when the queue of its partition is full.</summary>
    /// <param name="item">A <see cref="Slice"/> or a <see cref="HeadNote"/>.</param>
    public void Publish(IRoomMessage item)
    {
        if (!_queues[item.Room.Partition(Partitions)].Writer.TryWrite(item))
        {
            metrics.ReplicationDropped();
        }
    }

    /// <summary>What waits in one partition; only its graph reads it.</summary>
    public ChannelReader<IRoomMessage> Queue(int partition) => _queues[partition].Reader;

    /// <summary>Runs the graphs of all partitions; they end with the actor system. To be called once.</summary>
    public void Start(ActorSystem system)
    {
        var materializer = system.Materializer();
        var mediator = DistributedPubSub.Get(system).Mediator;
        for (var partition = 0; partition < Partitions; partition++)
        {
            Graph(Queue(partition), ToTopic(mediator, Topic(partition), metrics, time), system.Log).Run(materializer);
        }
    }

    /// <param name="publish">Publishes one batch; the next begins when its task is done. A batch that fails is left out, and edges fetch it.</param>
    public static IRunnableGraph<NotUsed> Graph(ChannelReader<IRoomMessage> queue, Func<ReplicationBatch, Task<Done>> publish, ILoggingAdapter log) =>
        ChannelSource.FromReader(queue)
            .BatchWeighted(MaxBatchBytes, Cost, item => new List<IRoomMessage> { item }, Add)
            .SelectAsync(1, items => PublishOrLeaveOutAsync(items, publish, log))
            .To(Sink.Ignore<Done>());

    /// <summary>
    /// Publishes through the mediator. It completes when the mediator has passed the batch on to all nodes and the rate allows the next; after a full batch the
    /// next may follow at once.
    /// </summary>
    public static Func<ReplicationBatch, Task<Done>> ToTopic(IActorRef mediator, string topic, DanmakuMetrics metrics, TimeProvider time)
    {
        var pace = new TokenBucket(BatchesPerSecond, Burst, time);
        return batch => PublishAsync(mediator, topic, batch, pace, metrics, time);
    }

    private static async Task<Done> PublishOrLeaveOutAsync(List<IRoomMessage> items, Func<ReplicationBatch, Task<Done>> publish, ILoggingAdapter log)
    {
        try
        {
            return await publish(ToBatch(items)).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            // The graph goes on: it carries all other rooms of its partition.
            log.Error(error, "A batch was not published; edges fetch what was in it");
            return Done.Instance;
        }
    }

    private static async Task<Done> PublishAsync(
        IActorRef mediator, string topic, ReplicationBatch batch, TokenBucket pace, DanmakuMetrics metrics, TimeProvider time)
    {
        mediator.Tell(new Publish(topic, batch));
        var count = batch.Slices.Sum(slice => slice.Count);
        metrics.Replicated(count);
        try
        {
            // Every actor answers Identify in its turn: an acknowledgement for the publish before it.
            await mediator.Ask<ActorIdentity>(new Identify(null), MediatorPatience).ConfigureAwait(false);
        }
        catch (AskTimeoutException)
        {
            // A mediator this far behind is no reason to stop publishing; the batches are bounded.
        }

        if (IsFull(batch))
        {
            return Done.Instance;
        }

        // The next one's turn. What comes until then goes with it.
        pace.Owe(Math.Clamp((count / DanmakuPerTurn) - 1, 0, MostTurns - 1));
        while (pace.TryTake() is { } wait)
        {
            await Task.Delay(wait, time).ConfigureAwait(false);
        }

        return Done.Instance;
    }

    private static bool IsFull(ReplicationBatch batch) =>
        batch.Slices.Count + batch.Heads.Count >= MaxBatchItems / 2 || batch.Slices.Sum(slice => slice.Bytes.Length) >= MaxBatchBytes / 2;

    private static long Cost(IRoomMessage item) =>
        Math.Max(MaxBatchBytes / MaxBatchItems, item is Slice slice ? slice.Bytes.Length : 0);

    private static List<IRoomMessage> Add(List<IRoomMessage> batch, IRoomMessage item)
    {
        batch.Add(item);
        return batch;
    }

    /// <summary>Joins consecutive slices of a room, and keeps only the last head of each room.</summary>
    private static ReplicationBatch ToBatch(List<IRoomMessage> items)
    {
        var slices = items.OfType<Slice>()
            .GroupBy(slice => (slice.Room, slice.Epoch))
            .SelectMany(room => Slice.Join([.. room]))
            .ToArray();
        var heads = items.OfType<HeadNote>().GroupBy(note => note.Room).Select(notes => notes.Last()).ToArray();
        return new ReplicationBatch(slices, heads);
    }
}
