using System.Buffers;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;
using Danmaku.Actors.Rooms;
using Danmaku.Core.Clocks;
using Danmaku.Core.Identities;
using Danmaku.Core.Purging;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using static Danmaku.Actors.Clocks.ClockProtocol;
using static Danmaku.Actors.Identities.DeploymentKeyProtocol;
using static Danmaku.Actors.Posts.PostProtocol;
using static Danmaku.Actors.Purging.PurgeProtocol;
using static Danmaku.Actors.Rooms.ReplicationProtocol;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Serialization;

/// <summary>
/// The one way our messages cross the network: a closed set of short manifests, each with a fixed layout of <see cref="BinaryCodec"/>
/// numbers and strings. Every length is checked before anything is allocated for it.
/// </summary>
/// <remarks>A manifest is never used again for something else; readers learn a new one a release before writers send it.</remarks>
public sealed class WireSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>Most slices, heads, posts or answers in one message.</summary>
    private const int MaxItems = 4096;

    /// <summary>Most danmaku in one slice.</summary>
    private const int MaxComments = 16_384;

    /// <summary>Most bytes of danmaku in one slice.</summary>
    private const int MaxSliceBytes = 1024 * 1024;

    private const int MaxNameBytes = 512;

    // A flag of a SubmitPost, and those of a PostAnswer.
    private const byte Again = 1;
    private const byte Durable = 1;
    private const byte Repeat = 2;

    // The kinds of a PurgeOrder.
    private const byte PurgeUrl = 1;
    private const byte PurgeRoom = 2;

    private const int ScratchBytes = 4 * 1024;

    /// <summary>What a thread keeps to write messages in; they are seldom larger.</summary>
    private const int MaxScratchBytes = 64 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _scratch;

    public override int Identifier => 1712;

    public override string Manifest(object o) => o switch
    {
        ReplicationBatch => "b",
        SubmitPost => "p",
        SubmitPosts => "q",
        PostAnswer => "a",
        PostAnswers => "t",
        AttachEdge => "e",
        EdgeViewers => "v",
        DetachEdge => "d",
        FetchRange => "f",
        Attached => "r",
        RangeGone => "g",
        RoomRefused => "x",
        ReadHistory => "h",
        HistoryPage => "i",
        HistoryGone => "j",
        RoomActor.Stop => "s",
        NodeStatus => "n",
        PurgeCaches => "c",
        CachesPurged => "k",
        ReviseRoom => "w",
        RoomRevised => "y",
        AskClock => "l",
        TellClock => "m",
        AskDeploymentKey => "ka",
        TellDeploymentKey => "kt",
        _ => throw new SerializationException($"{o.GetType()} is not a message of the cluster"),
    };

    public override byte[] ToBinary(object obj)
    {
        var buffer = _scratch ??= new ArrayBufferWriter<byte>(ScratchBytes);
        buffer.ResetWrittenCount();
        var writer = new BinaryWriterBuffer(buffer);
        switch (obj)
        {
            case ReplicationBatch batch:
                WriteSlices(ref writer, batch.Slices);
                writer.WriteNumber((ulong)batch.Heads.Count);
                foreach (var note in batch.Heads)
                {
                    WriteRoom(ref writer, note.Room);
                    WriteHead(ref writer, note.Head);
                    writer.WriteNumber((ulong)note.Viewers);
                }

                break;

            case SubmitPost submit:
                WritePost(ref writer, submit);
                break;

            case SubmitPosts submits:
                writer.WriteNumber((ulong)submits.Posts.Count);
                foreach (var one in submits.Posts)
                {
                    WritePost(ref writer, one);
                }

                break;

            case PostAnswer answer:
                WriteAnswer(ref writer, answer);
                break;

            case PostAnswers answers:
                writer.WriteNumber((ulong)answers.Answers.Count);
                foreach (var one in answers.Answers)
                {
                    WriteAnswer(ref writer, one);
                }

                break;

            case AttachEdge attach:
                WriteRoom(ref writer, attach.Room);
                writer.WritePosition(attach.Have);
                writer.WriteNumber((ulong)attach.Viewers);
                writer.WriteNumber((ulong)attach.Question);
                break;

            case EdgeViewers viewers:
                WriteRoom(ref writer, viewers.Room);
                writer.WriteNumber((ulong)viewers.Viewers);
                break;

            case FetchRange fetch:
                WriteRoom(ref writer, fetch.Room);
                writer.WriteNumber((ulong)fetch.Range.Epoch);
                writer.WriteNumber((ulong)fetch.Range.From);
                writer.WriteNumber((ulong)fetch.Range.Through);
                break;

            case Attached attached:
                WriteRoom(ref writer, attached.Room);
                WriteHead(ref writer, attached.Head);
                writer.WriteNumber((ulong)attached.Viewers);
                WriteSlices(ref writer, attached.Page);
                writer.WriteNumber((ulong)attached.Question);
                break;

            case RangeGone gone:
                WriteRoom(ref writer, gone.Room);
                writer.WritePosition(gone.Have);
                WriteHead(ref writer, gone.Head);
                writer.WriteNumber((ulong)gone.Viewers);
                WriteSlices(ref writer, gone.Newest);
                writer.WriteNumber((ulong)gone.Question);
                break;

            case ReadHistory read:
                WriteRoom(ref writer, read.Room);
                writer.WritePosition(read.After);
                writer.WriteNumber((ulong)read.KnownEpoch);
                break;

            case HistoryPage page:
                WriteRoom(ref writer, page.Room);
                writer.WritePosition(page.After);
                WriteSlices(ref writer, page.Page);
                break;

            case HistoryGone gone:
                WriteRoom(ref writer, gone.Room);
                writer.WritePosition(gone.After);
                break;

            case DetachEdge or RoomRefused:
                WriteRoom(ref writer, ((IRoomMessage)obj).Room);
                break;

            case RoomActor.Stop:
                break;

            case NodeStatus note:
                writer.WriteString(note.Address);
                writer.WriteString(note.Name);
                writer.WriteString(note.PublicUrl);
                writer.WriteByte(note.TakesViewers ? (byte)1 : (byte)0);
                writer.WriteNumber((ulong)note.Rooms);
                writer.WriteNumber((ulong)note.Viewers);
                writer.WriteString(note.HttpUrl);
                break;

            case PurgeCaches { Order: PurgeOrder.Url url } purge:
                writer.WriteNumber((ulong)purge.Id);
                writer.WriteByte(PurgeUrl);
                writer.WriteString(url.Value);
                break;

            case PurgeCaches { Order: PurgeOrder.Room room } purge:
                writer.WriteNumber((ulong)purge.Id);
                writer.WriteByte(PurgeRoom);
                WriteRoom(ref writer, room.Id);
                break;

            case CachesPurged purged:
                writer.WriteNumber((ulong)purged.Id);
                writer.WriteString(purged.Address);
                writer.WriteString(purged.Name);
                writer.WriteNumber((ulong)purged.Entries);
                break;

            case ReviseRoom revise:
                writer.WriteNumber((ulong)revise.Id);
                WriteRoom(ref writer, revise.Room);
                break;

            case RoomRevised revised:
                writer.WriteNumber((ulong)revised.Id);
                writer.WriteNumber((ulong)(revised.Revision ?? 0));
                writer.WriteByte(revised.IsDone ? (byte)1 : (byte)0);
                break;

            case AskClock ask:
                writer.WriteNumber((ulong)ask.Asked);
                break;

            case TellClock told:
                writer.WriteNumber((ulong)told.Asked);
                writer.WriteNumber((ulong)told.Time);
                writer.WriteByte((byte)told.State);
                break;

            case AskDeploymentKey:
                break;

            case TellDeploymentKey told:
                writer.WriteBytes(told.Secret.Span);
                break;

            default:
                throw new SerializationException($"{obj.GetType()} is not a message of the cluster");
        }

        var bytes = buffer.WrittenSpan.ToArray();
        _scratch = buffer.Capacity <= MaxScratchBytes ? buffer : null;
        return bytes;
    }

    /// <exception cref="SerializationException">An unknown manifest, or bytes that are not what it says.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        try
        {
            var reader = new BinaryReaderSpan(bytes);
            var message = Read(ref reader, bytes, manifest);
            return reader.Remaining == 0 ? message : throw new InvalidDataException("trailing bytes");
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or OverflowException)
        {
            throw new SerializationException($"broken message '{manifest}': {e.Message}", e);
        }
    }

    private static object Read(ref BinaryReaderSpan reader, byte[] bytes, string manifest)
    {
        switch (manifest)
        {
            case "b":
                var slices = ReadSlices(ref reader, bytes);
                var heads = new HeadNote[reader.ReadCount(Math.Min(MaxItems, reader.Remaining))];
                for (var i = 0; i < heads.Length; i++)
                {
                    heads[i] = new HeadNote(ReadRoom(ref reader), ReadHead(ref reader), reader.ReadInteger());
                }

                return new ReplicationBatch(slices, heads);

            case "p":
                return ReadPost(ref reader);

            case "q":
                var posts = new SubmitPost[reader.ReadCount(Math.Min(MaxItems, reader.Remaining))];
                for (var i = 0; i < posts.Length; i++)
                {
                    posts[i] = ReadPost(ref reader);
                }

                return new SubmitPosts(posts);

            case "a":
                return ReadAnswer(ref reader);

            case "t":
                var answers = new PostAnswer[reader.ReadCount(Math.Min(MaxItems, reader.Remaining))];
                for (var i = 0; i < answers.Length; i++)
                {
                    answers[i] = ReadAnswer(ref reader);
                }

                return new PostAnswers(answers);

            case "e":
                return new AttachEdge(ReadRoom(ref reader), new Position(ReadKnownEpoch(ref reader), reader.ReadInteger()), reader.ReadCount(int.MaxValue), reader.ReadInteger());

            case "v":
                return new EdgeViewers(ReadRoom(ref reader), reader.ReadCount(int.MaxValue));

            case "d":
                return new DetachEdge(ReadRoom(ref reader));

            case "f":
                return new FetchRange(ReadRoom(ref reader), ReadRange(ref reader));

            case "r":
                return new Attached(ReadRoom(ref reader), ReadHead(ref reader), reader.ReadInteger(), ReadSlices(ref reader, bytes), reader.ReadInteger());

            case "g":
                return new RangeGone(ReadRoom(ref reader), reader.ReadPosition(), ReadHead(ref reader), reader.ReadInteger(), ReadSlices(ref reader, bytes), reader.ReadInteger());

            case "x":
                return new RoomRefused(ReadRoom(ref reader));

            case "h":
                return new ReadHistory(ReadRoom(ref reader), reader.ReadPosition(), ReadKnownEpoch(ref reader));

            case "i":
                return new HistoryPage(ReadRoom(ref reader), reader.ReadPosition(), ReadSlices(ref reader, bytes));

            case "j":
                return new HistoryGone(ReadRoom(ref reader), reader.ReadPosition());

            case "s":
                return RoomActor.Stop.Instance;

            case "n":
                return new NodeStatus(
                    reader.ReadString(MaxNameBytes), reader.ReadString(MaxNameBytes), reader.ReadString(MaxNameBytes), reader.ReadByte() != 0,
                    reader.ReadInteger(), reader.ReadInteger())
                {
                    HttpUrl = reader.ReadString(MaxNameBytes),
                };

            case "c":
                return new PurgeCaches(reader.ReadInteger(), ReadOrder(ref reader));

            case "k":
                return new CachesPurged(reader.ReadInteger(), reader.ReadString(MaxNameBytes), reader.ReadString(MaxNameBytes), reader.ReadCount(int.MaxValue));

            case "w":
                return new ReviseRoom(reader.ReadInteger(), ReadRoom(ref reader));

            case "y":
                return new RoomRevised(reader.ReadInteger(), reader.ReadInteger() is > 0 and var revision ? revision : null, reader.ReadByte() != 0);

            case "l":
                return new AskClock(reader.ReadInteger());

            case "m":
                return new TellClock(reader.ReadInteger(), reader.ReadInteger(), ReadClockState(ref reader));

            case "ka":
                return AskDeploymentKey.Instance;

            case "kt":
                return new TellDeploymentKey(reader.ReadBytes(DeploymentKey.Bytes).ToArray());

            default:
                throw new InvalidDataException("unknown manifest");
        }
    }

    private static void WriteRoom(ref BinaryWriterBuffer writer, RoomId room) => writer.WriteString(room.Value);

    private static RoomId ReadRoom(ref BinaryReaderSpan reader) => RoomId.Parse(reader.ReadString(RoomId.MaxLength));

    private static void WritePost(ref BinaryWriterBuffer writer, SubmitPost submit)
    {
        WriteRoom(ref writer, submit.Room);
        writer.WriteNumber((ulong)submit.KnownEpoch);
        writer.WriteNumber((ulong)submit.Ticket);
        writer.WritePostId(submit.Post.Id);
        writer.WriteNumber((ulong)submit.Post.Deadline);
        writer.WriteByte(submit.Post.Again ? Again : (byte)0);
        writer.WriteString(submit.Post.Author);
        writer.WriteString(submit.Post.Text);
        BinaryCodec.WriteStyle(
            ref writer, submit.Post.Style, submit.Post.At, new BinaryCodec.Source(submit.Post.User, submit.Post.Role, submit.Post.Recall));
    }

    private static SubmitPost ReadPost(ref BinaryReaderSpan reader)
    {
        var (room, known, ticket) = (ReadRoom(ref reader), ReadKnownEpoch(ref reader), reader.ReadInteger());
        var (id, deadline, again) = (reader.ReadPostId(), reader.ReadInteger(), reader.ReadByte() == Again);
        var (author, text) = (reader.ReadString(BinaryCodec.MaxStringBytes), reader.ReadString(BinaryCodec.MaxStringBytes));
        var (style, at, source) = BinaryCodec.ReadStyle(ref reader);
        var post = new Post(id, author, text, style, at, deadline) { Again = again, User = source.User, Role = source.Role, Recall = source.Recall };
        return new SubmitPost(room, post, known, ticket);
    }

    /// <summary>What an edge says that it knows; a room that hears of a later epoch than its own begins one after that.</summary>
    private static long ReadKnownEpoch(ref BinaryReaderSpan reader) =>
        reader.ReadInteger() is var epoch && epoch <= Epochs.MaxKnown ? epoch : throw new InvalidDataException("an epoch that no clock can reach");

    private static MissingRange ReadRange(ref BinaryReaderSpan reader)
    {
        var range = new MissingRange(ReadKnownEpoch(ref reader), reader.ReadInteger(), reader.ReadInteger());
        return range.From > 0 ? range : throw new InvalidDataException("offsets begin with 1");
    }

    private static void WriteAnswer(ref BinaryWriterBuffer writer, PostAnswer answer)
    {
        WriteRoom(ref writer, answer.Room);
        writer.WritePostId(answer.Id);
        writer.WritePosition(answer.Position);
        writer.WriteByte((byte)(answer.Reason ?? 0));
        writer.WriteNumber((ulong)(answer.RetryAfter?.TotalMilliseconds + 1 ?? 0));
        writer.WriteByte((byte)((answer.IsDurable ? Durable : 0) | (answer.IsRepeat ? Repeat : 0)));
        writer.WriteNumber((ulong)answer.Deadline);
        writer.WriteNumber((ulong)answer.Ticket);
    }

    private static PostAnswer ReadAnswer(ref BinaryReaderSpan reader)
    {
        var (room, id, position) = (ReadRoom(ref reader), reader.ReadPostId(), reader.ReadPosition());
        var (reason, wait, flags) = (ReadReason(ref reader), ReadWait(ref reader), reader.ReadByte());
        return new PostAnswer(
            room, id, position, reason, wait, (flags & Durable) != 0, (flags & Repeat) != 0, reader.ReadInteger(), reader.ReadInteger());
    }

    private static PurgeOrder ReadOrder(ref BinaryReaderSpan reader) => reader.ReadByte() switch
    {
        PurgeUrl => new PurgeOrder.Url(reader.ReadString(PurgeOrder.Url.MaxChars)),
        PurgeRoom => new PurgeOrder.Room(ReadRoom(ref reader)),
        _ => throw new InvalidDataException("unknown order"),
    };

    /// <summary>A state that this release does not know is no right one.</summary>
    private static ClockState ReadClockState(ref BinaryReaderSpan reader) =>
        (ClockState)reader.ReadByte() is var state && Enum.IsDefined(state) ? state : ClockState.Doubted;

    private static void WriteHead(ref BinaryWriterBuffer writer, RoomHead head)
    {
        writer.WritePosition(head.Top);
        writer.WritePosition(head.Previous);
    }

    private static RoomHead ReadHead(ref BinaryReaderSpan reader) => new(reader.ReadPosition(), reader.ReadPosition());

    private static RejectReason? ReadReason(ref BinaryReaderSpan reader)
    {
        var reason = (RejectReason)reader.ReadByte();
        return reason == 0 ? null : reason.IsKnown() ? reason : RejectReason.Unavailable;
    }

    /// <summary>Milliseconds plus one; 0 is none.</summary>
    private static TimeSpan? ReadWait(ref BinaryReaderSpan reader) =>
        reader.ReadCount(int.MaxValue) is > 0 and var wait ? TimeSpan.FromMilliseconds(wait - 1) : null;

    private static void WriteSlices(ref BinaryWriterBuffer writer, IReadOnlyList<Slice> slices)
    {
        writer.WriteNumber((ulong)slices.Count);
        foreach (var slice in slices)
        {
            WriteRoom(ref writer, slice.Room);
            writer.WriteNumber((ulong)slice.Epoch);
            writer.WritePosition(slice.Previous);
            writer.WriteNumber((ulong)slice.First);
            writer.WriteNumber((ulong)slice.Count);
            writer.WriteNumber((ulong)slice.Bytes.Length);
            writer.WriteBytes(slice.Bytes.Span);
        }
    }

    /// <summary>The danmaku stay where they are in <paramref name="bytes"/>.</summary>
    private static Slice[] ReadSlices(ref BinaryReaderSpan reader, byte[] bytes)
    {
        var slices = new Slice[reader.ReadCount(Math.Min(MaxItems, reader.Remaining))];
        for (var i = 0; i < slices.Length; i++)
        {
            var (room, epoch, previous, first) = (ReadRoom(ref reader), reader.ReadInteger(), reader.ReadPosition(), reader.ReadInteger());
            var (count, length) = (reader.ReadCount(MaxComments), reader.ReadCount(MaxSliceBytes));
            var start = bytes.Length - reader.Remaining;
            reader.ReadBytes(length);
            if (epoch == 0 || first == 0 || count == 0)
            {
                throw new InvalidDataException("empty slice");
            }

            slices[i] = new Slice(room, epoch, previous, first, count, bytes.AsMemory(start, length));
        }

        return slices;
    }
}
