using System.Runtime.Serialization;
using Akka.Actor;
using Akka.TestKit.Xunit2;
using Danmaku.Actors.Rooms;
using Danmaku.Actors.Serialization;
using Danmaku.Core.Clocks;
using Danmaku.Core.Purging;
using Danmaku.Core.Rooms;
using Xunit;
using static Danmaku.Actors.Clocks.ClockProtocol;
using static Danmaku.Actors.Identities.DeploymentKeyProtocol;
using static Danmaku.Actors.Posts.PostProtocol;
using static Danmaku.Actors.Purging.PurgeProtocol;
using static Danmaku.Actors.Rooms.ReplicationProtocol;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Tests.Serialization;

public sealed class WireSerializerTests : TestKit
{
    private static readonly RoomId Room = RoomId.Parse("lobby");
    private static readonly RoomHead Head = new(new Position(7, 9), new Position(5, 3));
    private static readonly Slice Slice = Slice.Encode(Room, new Batch(7, new Position(5, 3),
    [
        new Comment(8, 1790000000000, "Mei", "弹幕 😀", CommentStyle.Default, null),
        new Comment(9, 1790000000001, "Kai", "", new CommentStyle(CommentMode.Reverse, 0xff8800, CommentSize.Large), 83500),
    ]));

    private static readonly SubmitPost Submit =
        new(Room, new Post(new PostId(UInt128.MaxValue), "Mei", "弹幕", CommentStyle.Default, 0, 1790000000000), 7);

    private readonly WireSerializer _serializer;

    public WireSerializerTests() => _serializer = new WireSerializer((ExtendedActorSystem)Sys);

    private static readonly IWireMessage[] All =
    [
        new ReplicationBatch([Slice, Slice with { First = 10 }], [new HeadNote(Room, Head, 12)]),
        new ReplicationBatch([], []),
        Submit,
        new PostAnswer(Room, new PostId(1), new Position(7, 10), null, null),
        new PostAnswer(Room, new PostId(1), Position.None, RejectReason.RoomBusy, TimeSpan.Zero),
        new PostAnswer(Room, new PostId(1), Position.None, RejectReason.Expired, null),
        new PostAnswer(Room, new PostId(1), new Position(7, 10), null, null, IsDurable: false, IsRepeat: true),
        new PostAnswer(Room, new PostId(1), Position.None, null, null, Ticket: 12),
        new SubmitPosts([Submit, Submit with { Ticket = 12 }]),
        new SubmitPosts([]),
        new PostAnswers([Submit.Unknown(), Submit.Refused(RejectReason.RoomBusy, TimeSpan.FromSeconds(1)), new PostAnswer(Room, new PostId(1), new Position(7, 10), null, null)]),
        new ReadHistory(Room, new Position(7, 0), 9),
        new HistoryPage(Room, new Position(7, 0), [Slice]),
        new HistoryGone(Room, new Position(7, 0)),
        new AttachEdge(Room, Position.None, 0),
        new AttachEdge(Room, new Position(7, 0), 1000, 3),
        new SubmitPost(Room, new Post(new PostId(1), "Mei", "hi", CommentStyle.Default, null, 1790000000000) { Again = true }, 7),
        new PostAnswer(Room, new PostId(1), Position.None, RejectReason.Expired, null, Deadline: 1790000000000),
        new Attached(Room, Head, 5, [Slice], 3),
        new RangeGone(Room, new Position(4, 4), Head, 5, [Slice], 3),
        new EdgeViewers(Room, 3),
        new DetachEdge(Room),
        new FetchRange(Room, new MissingRange(7, 3, Position.MaxInteger)),
        new Attached(Room, Head, 5, [Slice]),
        new RangeGone(Room, new Position(4, 4), Head, 5, [Slice]),
        new RoomRefused(Room),
        new AskClock(1234),
        new TellClock(1234, 1790000000000, ClockState.Wrong),
        AskDeploymentKey.Instance,
        new TellDeploymentKey(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()),
        RoomActor.Stop.Instance,
        new NodeStatus("akka.tcp://danmaku@127.0.0.1:4053", "edge-1", "https://edge-1.example/", true, 3, 14),
        new NodeStatus("akka.tcp://danmaku@127.0.0.1:4054", "origin-1", "", false, 0, 0) { HttpUrl = "http://10.0.0.11:8080/" },
        new PurgeCaches(1790000000001, new PurgeOrder.Url("/api/rooms/lobby/history?before=7.1")),
        new PurgeCaches(1790000000001, new PurgeOrder.Room(Room)),
        new CachesPurged(1790000000001, "akka.tcp://danmaku@127.0.0.1:4053", "edge-1", 12),
        new ReviseRoom(1790000000001, Room),
        new RoomRevised(1790000000001, 3, IsDone: true),
        new RoomRevised(1790000000001, null, IsDone: false),
    ];

    public static TheoryData<IWireMessage> Messages => new(All);

    [Theory]
    [MemberData(nameof(Messages))]
    public void Every_message_arrives_as_it_was_sent(IWireMessage message)
    {
        var arrived = _serializer.FromBinary(_serializer.ToBinary(message), _serializer.Manifest(message));

        Assert.Equal(Describe(message), Describe(arrived));
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_truncated_message_or_one_with_trailing_bytes_is_refused(IWireMessage message)
    {
        var (bytes, manifest) = (_serializer.ToBinary(message), _serializer.Manifest(message));

        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<SerializationException>(() => _serializer.FromBinary(bytes[..length], manifest));
        }

        Assert.Throws<SerializationException>(() => _serializer.FromBinary([.. bytes, 0], manifest));
    }

    public static TheoryData<IWireMessage> Poison => new(
        new AttachEdge(Room, new Position(Epochs.MaxKnown + 1, 0), 1),
        new ReadHistory(Room, new Position(7, 0), Epochs.MaxKnown + 1),
        new FetchRange(Room, new MissingRange(Epochs.MaxKnown + 1, 1, 1)),
        new FetchRange(Room, new MissingRange(7, 0, 1)),
        Submit with { KnownEpoch = Epochs.MaxKnown + 1 });

    /// <summary>Believed, they would leave a room no epoch to begin, or ask for what comes before the beginning.</summary>
    [Theory]
    [MemberData(nameof(Poison))]
    public void Numbers_that_no_node_sends_are_refused(IWireMessage message) =>
        Assert.Throws<SerializationException>(() => _serializer.FromBinary(_serializer.ToBinary(message), _serializer.Manifest(message)));

    [Fact]
    public void Every_message_of_the_cluster_is_tried_here()
    {
        var sent = All.Select(message => message.GetType()).ToHashSet();
        var known = typeof(IWireMessage).Assembly.GetTypes().Where(type => type.IsAssignableTo(typeof(IWireMessage)) && !type.IsInterface);

        // Slices and heads travel inside of others.
        Assert.Empty(known.Except(sent).Except([typeof(Slice), typeof(HeadNote)]));
    }

    [Fact]
    public void Random_bytes_allocate_nothing_and_are_refused()
    {
        var random = new Random(1);
        foreach (var manifest in All.Select(_serializer.Manifest).Distinct())
        {
            for (var i = 0; i < 2000; i++)
            {
                var bytes = new byte[random.Next(64)];
                random.NextBytes(bytes);
                var before = GC.GetAllocatedBytesForCurrentThread();

                try
                {
                    _serializer.FromBinary(bytes, manifest);
                }
                catch (SerializationException)
                {
                    // What the caller expects of such bytes; anything else fails the test.
                }

                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024);
            }
        }
    }

    [Fact]
    public void An_unknown_manifest_is_refused() =>
        Assert.Throws<SerializationException>(() => _serializer.FromBinary([], "System.Diagnostics.Process, System"));

    [Fact]
    public void A_slice_gives_back_its_danmaku()
    {
        var batch = Slice.Decode();

        Assert.Equal((7, 8, 9), (batch.Epoch, batch.First.Offset, batch.Last.Offset));
        Assert.Equal(["弹幕 😀", ""], batch.Comments.Select(comment => comment.Text));
        Assert.Equal(83500, batch.Comments[1].At);
    }

    [Fact]
    public void Slices_that_follow_each_other_become_one()
    {
        var slices = Enumerable.Range(1, 6).Where(offset => offset != 4).Select(offset =>
            Slice.Encode(Room, new Batch(7, Position.None, [new Comment(offset, 1, "a", $"{offset}", CommentStyle.Default, null)]))).ToArray();

        var joined = Slice.Join(slices).ToArray();

        Assert.Equal([(1, 3), (5, 2)], joined.Select(slice => (slice.First, slice.Count)));
        Assert.Equal(["1", "2", "3"], joined[0].Decode().Comments.Select(comment => comment.Text));
    }

    private static string Describe(object? value) => value switch
    {
        ReplicationBatch batch => $"{Join(batch.Slices)} {Join(batch.Heads)}",
        Attached attached => $"{attached with { Page = null! }} {Join(attached.Page)}",
        RangeGone gone => $"{gone with { Newest = null! }} {Join(gone.Newest)}",
        SubmitPosts submit => Join(submit.Posts),
        PostAnswers answers => Join(answers.Answers),
        TellDeploymentKey told => Convert.ToHexString(told.Secret.Span),
        HistoryPage page => $"{page with { Page = null! }} {Join(page.Page)}",
        Slice slice => $"{slice with { Bytes = default }} {Convert.ToHexString(slice.Bytes.Span)}",
        _ => $"{value}",
    };

    private static string Join<T>(IEnumerable<T> items) => string.Join(";", items.Select(item => Describe(item)));
}
