using System.Threading.Channels;
using Akka;
using Akka.Actor;
using Akka.Cluster.Tools.PublishSubscribe;
using Akka.Streams;
using Akka.Streams.Dsl;
using Danmaku.Actors.Rooms;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using static Danmaku.Actors.Rooms.ReplicationProtocol;

namespace Danmaku.Actors.Replication;

/// <summary>
/// An Akka.Streams graph for one partition: queue → batch → publish. It publishes at once when it is idle. Slices that arrive during a publish share the
/// next batch; under load, so do slices that arrive within a few milliseconds.
/// </summary>
public static class PartitionPublisher
{
    /// <summary>Most bytes of danmaku in a batch; larger batches save nothing more.</summary>
    public const int MaxBatchBytes = 32 * 1024;

    /// <summary>Most slices and heads in a batch.</summary>
    public const int MaxBatchItems = 256;

    /// <summary>Above this rate of batches per second, items wait for one period of it and share a batch.</summary>
    private const double BatchesPerSecond = 200;

    /// <summary>
    /// A batch takes one turn of that rate for so many danmaku, up to <see cref="MostTurns"/>, so that batches grow with the load. A batch costs the same for one
    /// danmaku as for fifty.
    /// </summary>
    private const double DanmakuPerTurn = 8;

    private const int MostTurns = 4;

    /// <summary>Turns that may be taken at once after a quiet time.</summary>
    private const int Burst = 8;

    private static readonly TimeSpan MediatorPatience = TimeSpan.FromSeconds(5);

    /// <param name="publish">Publishes one batch; the next begins when its task is done. Must not fail.</param>
    public static IRunnableGraph<Task<Done>> Graph(ChannelReader<IRoomMessage> queue, Func<ReplicationBatch, Task<Done>> publish) =>
        ChannelSource.FromReader(queue)
            .BatchWeighted(MaxBatchBytes, Cost, item => new List<IRoomMessage> { item }, Add)
            .SelectAsync(1, items => publish(ToBatch(items)))
            .ToMaterialized(Sink.Ignore<Done>(), Keep.Right);

    /// <summary>
    /// Publishes through the mediator. It completes when the mediator has passed the batch on to all nodes and the rate allows the next; after a full batch the
    /// next may follow at once.
    /// </summary>
    public static Func<ReplicationBatch, Task<Done>> ToTopic(IActorRef mediator, string topic, DanmakuMetrics metrics, TimeProvider time)
    {
        var pace = new TokenBucket(BatchesPerSecond, Burst, time);
        return batch => PublishAsync(mediator, topic, batch, pace, metrics, time);
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

/// <summary>Runs the graphs of all partitions of one origin; they end with it.</summary>
public sealed class PublisherActor : ReceiveActor
{
    private readonly ReplicationOutbox _outbox;
    private readonly DanmakuMetrics _metrics;
    private readonly TimeProvider _time;

    public PublisherActor(ReplicationOutbox outbox, DanmakuMetrics metrics, TimeProvider time)
    {
        (_outbox, _metrics, _time) = (outbox, metrics, time);

        // Those of an instance before this one end because it was restarted.
        Receive<Ended>(ended => throw new InvalidOperationException("a publisher ended", ended.Reason), ended => ended.Owner == this);
    }

    protected override void PreStart()
    {
        var materializer = Context.Materializer();
        var mediator = DistributedPubSub.Get(Context.System).Mediator;
        for (var partition = 0; partition < ReplicationOutbox.Partitions; partition++)
        {
            PartitionPublisher
                .Graph(_outbox.Queue(partition), PartitionPublisher.ToTopic(mediator, ReplicationOutbox.Topic(partition), _metrics, _time))
                .Run(materializer)
                .PipeTo(Self, success: _ => new Ended(this, null), failure: reason => new Ended(this, reason));
        }
    }

    private sealed record Ended(PublisherActor Owner, Exception? Reason) : INoSerializationVerificationNeeded;
}
