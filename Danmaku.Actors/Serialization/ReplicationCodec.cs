using Danmaku.Actors.Rooms;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using static Danmaku.Actors.Rooms.ReplicationProtocol;
using static Danmaku.Actors.Rooms.RoomProtocol;
using static Danmaku.Actors.Serialization.WireParts;

namespace Danmaku.Actors.Serialization;

/// <summary>Reads and writes the messages between a room's origin and its edges: danmaku, attachments, and requests for missing ones.</summary>
internal static class ReplicationCodec
{
    public static readonly WireForm[] Forms =
    [
        new WireForm<ReplicationBatch>("b", WriteBatch, ReadBatch),
        new WireForm<AttachEdge>("e", WriteAttach, ReadAttach),
        new WireForm<EdgeViewers>("v", WriteViewers, ReadViewers),
        new WireForm<DetachEdge>("d", WriteRoom, (ref BinaryReaderSpan reader, byte[] _) => new DetachEdge(ReadRoom(ref reader))),
        new WireForm<FetchRange>("f", WriteFetch, ReadFetch),
        new WireForm<Attached>("r", WriteAttached, ReadAttached),
        new WireForm<RangeGone>("g", WriteGone, ReadGone),
        new WireForm<RoomRefused>("x", WriteRoom, (ref BinaryReaderSpan reader, byte[] _) => new RoomRefused(ReadRoom(ref reader))),
        new WireForm<RoomActor.Stop>(
            "s", (ref BinaryWriterBuffer _, RoomActor.Stop _) => { }, (ref BinaryReaderSpan _, byte[] _) => RoomActor.Stop.Instance),
    ];

    private static void WriteRoom(ref BinaryWriterBuffer writer, IRoomMessage message) => WireParts.WriteRoom(ref writer, message.Room);

    private static void WriteBatch(ref BinaryWriterBuffer writer, ReplicationBatch batch)
    {
        WriteSlices(ref writer, batch.Slices);
        writer.WriteNumber((ulong)batch.Heads.Count);
        foreach (var note in batch.Heads)
        {
            WriteRoom(ref writer, note);
            WriteHead(ref writer, note.Head);
            writer.WriteNumber((ulong)note.Viewers);
        }
    }

    private static ReplicationBatch ReadBatch(ref BinaryReaderSpan reader, byte[] bytes)
    {
        var slices = ReadSlices(ref reader, bytes);
        var heads = new HeadNote[ReadItems(ref reader)];
        for (var i = 0; i < heads.Length; i++)
        {
            heads[i] = new HeadNote(ReadRoom(ref reader), ReadHead(ref reader), reader.ReadInteger());
        }

        return new ReplicationBatch(slices, heads);
    }

    private static void WriteAttach(ref BinaryWriterBuffer writer, AttachEdge attach)
    {
        WriteRoom(ref writer, attach);
        writer.WritePosition(attach.Have);
        writer.WriteNumber((ulong)attach.Viewers);
        writer.WriteNumber((ulong)attach.Question);
    }

    private static AttachEdge ReadAttach(ref BinaryReaderSpan reader, byte[] bytes)
    {
        var (room, have) = (ReadRoom(ref reader), new Position(ReadKnownEpoch(ref reader), reader.ReadInteger()));
        return new AttachEdge(room, have, reader.ReadCount(int.MaxValue), reader.ReadInteger());
    }

    private static void WriteViewers(ref BinaryWriterBuffer writer, EdgeViewers viewers)
    {
        WriteRoom(ref writer, viewers);
        writer.WriteNumber((ulong)viewers.Viewers);
    }

    private static EdgeViewers ReadViewers(ref BinaryReaderSpan reader, byte[] bytes) => new(ReadRoom(ref reader), reader.ReadCount(int.MaxValue));

    private static void WriteFetch(ref BinaryWriterBuffer writer, FetchRange fetch)
    {
        WriteRoom(ref writer, fetch);
        writer.WriteNumber((ulong)fetch.Range.Epoch);
        writer.WriteNumber((ulong)fetch.Range.From);
        writer.WriteNumber((ulong)fetch.Range.Through);
    }

    private static FetchRange ReadFetch(ref BinaryReaderSpan reader, byte[] bytes)
    {
        var (room, range) = (ReadRoom(ref reader), new MissingRange(ReadKnownEpoch(ref reader), reader.ReadInteger(), reader.ReadInteger()));
        return range.From > 0 ? new FetchRange(room, range) : throw new InvalidDataException("offsets begin with 1");
    }

    private static void WriteAttached(ref BinaryWriterBuffer writer, Attached attached)
    {
        WriteRoom(ref writer, attached);
        WriteHead(ref writer, attached.Head);
        writer.WriteNumber((ulong)attached.Viewers);
        WriteSlices(ref writer, attached.Page);
        writer.WriteNumber((ulong)attached.Question);
    }

    private static Attached ReadAttached(ref BinaryReaderSpan reader, byte[] bytes) => new(
        ReadRoom(ref reader), ReadHead(ref reader), reader.ReadInteger(), ReadSlices(ref reader, bytes), reader.ReadInteger());

    private static void WriteGone(ref BinaryWriterBuffer writer, RangeGone gone)
    {
        WriteRoom(ref writer, gone);
        writer.WritePosition(gone.Have);
        WriteHead(ref writer, gone.Head);
        writer.WriteNumber((ulong)gone.Viewers);
        WriteSlices(ref writer, gone.Newest);
        writer.WriteNumber((ulong)gone.Question);
    }

    private static RangeGone ReadGone(ref BinaryReaderSpan reader, byte[] bytes) => new(
        ReadRoom(ref reader), reader.ReadPosition(), ReadHead(ref reader), reader.ReadInteger(), ReadSlices(ref reader, bytes), reader.ReadInteger());
}
