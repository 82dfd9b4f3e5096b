using System.Threading.Channels;
using Akka;
using Akka.Cluster.Tools.PublishSubscribe;
using Akka.Streams;
using Akka.TestKit.Xunit2;
using Danmaku.Actors.Replication;
using Danmaku.Actors.Rooms;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Testing;
using Xunit;
using static Danmaku.Actors.Rooms.ReplicationProtocol;

namespace Danmaku.Actors.Tests.Replication;

public sealed class ReplicationPublisherTests : TestKit
{
    private readonly Channel<IRoomMessage> _queue = Channel.CreateUnbounded<IRoomMessage>();
    private readonly Channel<ReplicationBatch> _published = Channel.CreateUnbounded<ReplicationBatch>();
    private readonly SemaphoreSlim _mediator = new(0);
    private volatile bool _isBroken;

    public ReplicationPublisherTests() => ReplicationPublisher.Graph(_queue.Reader, async batch =>
    {
        if (_isBroken)
        {
            throw new InvalidOperationException("broken");
        }

        _published.Writer.TryWrite(batch);
        await _mediator.WaitAsync();
        return Done.Instance;
    }, Sys.Log).Run(Sys.Materializer());

    [Fact]
    public async Task An_idle_publisher_publishes_at_once()
    {
        _queue.Writer.TryWrite(Say("a", 1));

        var batch = await NextAsync();

        Assert.Equal([("a", 1L, 1)], batch.Slices.Select(Describe));
    }

    [Fact]
    public async Task Slices_of_many_rooms_that_come_during_a_publish_go_out_together()
    {
        _queue.Writer.TryWrite(Say("a", 1));
        await NextAsync();
        for (var offset = 2; offset <= 20; offset++)
        {
            _queue.Writer.TryWrite(Say("a", offset));
            _queue.Writer.TryWrite(Say("b", offset));
            _queue.Writer.TryWrite(new HeadNote(RoomId.Parse("b"), new RoomHead(new Position(7, offset), Position.None), offset));
        }

        await Eventually.TrueAsync(() => _queue.Reader.Count == 0);
        _mediator.Release(100);
        var batches = new List<ReplicationBatch>();
        while (batches.Sum(batch => batch.Slices.Sum(slice => slice.Count)) < 38)
        {
            batches.Add(await NextAsync());
        }

        // One element waits in each stage between the queue and the batch; all else is together.
        Assert.InRange(batches.Count, 1, 3);
        foreach (var room in new[] { "a", "b" })
        {
            var offsets = batches.SelectMany(batch => batch.Slices).Where(slice => slice.Room.Value == room)
                .SelectMany(slice => slice.Decode().Comments).Select(comment => comment.Offset);
            Assert.Equal(Enumerable.Range(2, 19).Select(offset => (long)offset), offsets);
        }

        Assert.Equal(20, batches.SelectMany(batch => batch.Heads).Last().Head.Top.Offset);
    }

    [Fact]
    public async Task A_batch_that_cannot_be_published_is_left_out_and_the_next_one_goes()
    {
        _isBroken = true;
        await EventFilter.Error(contains: "was not published").ExpectOneAsync(() => Task.FromResult(_queue.Writer.TryWrite(Say("a", 1))));
        _isBroken = false;

        _queue.Writer.TryWrite(Say("a", 2));

        Assert.Equal([("a", 2L, 1)], (await NextAsync()).Slices.Select(Describe));
    }

    [Fact]
    public async Task A_batch_is_bounded_by_bytes()
    {
        _queue.Writer.TryWrite(Say("a", 1));
        await NextAsync();
        for (var offset = 2; offset <= 200; offset++)
        {
            _queue.Writer.TryWrite(Say("a", offset, new string('x', 1000)));
        }

        _mediator.Release(1000);
        for (var seen = 1; seen < 200;)
        {
            var batch = await NextAsync();
            seen += batch.Slices.Sum(slice => slice.Count);
            Assert.InRange(batch.Slices.Sum(slice => slice.Bytes.Length), 1, ReplicationPublisher.MaxBatchBytes + 1100);
        }
    }

    [Fact]
    public async Task A_few_batches_are_sent_at_once_and_many_are_paced()
    {
        const int Batches = 30;
        var (time, mediator) = (new ManualTimeProvider(), CreateTestProbe());
        var publish = ReplicationPublisher.ToTopic(mediator, "dm-000", new DanmakuMetrics(), time);
        var start = time.GetTimestamp();

        for (var i = 1; i <= 8; i++)
        {
            await publish(new ReplicationBatch([Say("a", i)], [])).WaitAsync(TimeSpan.FromSeconds(10));
        }

        var many = Task.Run(async () =>
        {
            for (var i = 9; i <= Batches; i++)
            {
                await publish(new ReplicationBatch([Say("a", i)], []));
            }
        });
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(1));
            return many.IsCompleted;
        });

        // 200 a second.
        Assert.InRange(time.GetElapsedTime(start).TotalMilliseconds, (Batches - 8) * 5, double.MaxValue);
        for (var i = 1; i <= Batches; i++)
        {
            Assert.Equal(i, ((ReplicationBatch)(await mediator.ExpectMsgAsync<Publish>()).Message).Slices[0].First);
        }
    }

    [Fact]
    public async Task Dense_traffic_waits_longer_and_goes_in_larger_batches()
    {
        const int Batches = 10;
        var time = new ManualTimeProvider();
        var publish = ReplicationPublisher.ToTopic(CreateTestProbe(), "dm-000", new DanmakuMetrics(), time);
        var start = time.GetTimestamp();

        var many = Task.Run(async () =>
        {
            for (var i = 0; i < Batches; i++)
            {
                await publish(new ReplicationBatch([.. Enumerable.Range(1, 40).Select(room => Say($"r{room}", i + 1))], []));
            }
        });
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(5));
            return many.IsCompleted;
        });

        // 50 a second, after a burst of two.
        Assert.InRange(time.GetElapsedTime(start).TotalMilliseconds, (Batches - 3) * 20, double.MaxValue);
    }

    [Fact]
    public async Task A_full_batch_is_followed_by_the_next_at_once()
    {
        var publish = ReplicationPublisher.ToTopic(CreateTestProbe(), "dm-000", new DanmakuMetrics(), new ManualTimeProvider());

        for (var i = 1; i <= 30; i++)
        {
            await publish(new ReplicationBatch([Say("a", i, new string('x', ReplicationPublisher.MaxBatchBytes))], [])).WaitAsync(TimeSpan.FromSeconds(10));
        }
    }

    private async Task<ReplicationBatch> NextAsync() => await _published.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));

    private static (string, long, int) Describe(Slice slice) => (slice.Room.Value, slice.First, slice.Count);

    private static Slice Say(string room, int offset, string text = "hi") =>
        Slice.Encode(RoomId.Parse(room), new Batch(7, Position.None, [new Comment(offset, 1, "a", text, CommentStyle.Default, null)]));
}
