using Danmaku.Core.Purging;
using Danmaku.Core.Wire;
using static Danmaku.Actors.Purging.PurgeProtocol;
using static Danmaku.Actors.Serialization.WireParts;

namespace Danmaku.Actors.Serialization;

/// <summary>Reads and writes orders to purge caches, and their results.</summary>
internal static class PurgeCodec
{
    // The kinds of a PurgeOrder.
    private const byte Url = 1;
    private const byte Room = 2;

    public static readonly WireForm[] Forms =
    [
        new WireForm<PurgeCaches>("c", WritePurge, ReadPurge),
        new WireForm<CachesPurged>("k", WritePurged, ReadPurged),
        new WireForm<ReviseRoom>("w", WriteRevise, ReadRevise),
        new WireForm<RoomRevised>("y", WriteRevised, ReadRevised),
    ];

    private static void WritePurge(ref BinaryWriterBuffer writer, PurgeCaches purge)
    {
        writer.WriteNumber((ulong)purge.Id);
        switch (purge.Order)
        {
            case PurgeOrder.Url url:
                writer.WriteByte(Url);
                writer.WriteString(url.Value);
                break;

            case PurgeOrder.Room room:
                writer.WriteByte(Room);
                WriteRoom(ref writer, room.Id);
                break;
        }
    }

    private static PurgeCaches ReadPurge(ref BinaryReaderSpan reader, byte[] bytes) => new(reader.ReadInteger(), ReadOrder(ref reader));

    private static PurgeOrder ReadOrder(ref BinaryReaderSpan reader) => reader.ReadByte() switch
    {
        Url => new PurgeOrder.Url(reader.ReadString(PurgeOrder.Url.MaxChars)),
        Room => new PurgeOrder.Room(ReadRoom(ref reader)),
        _ => throw new InvalidDataException("unknown order"),
    };

    private static void WritePurged(ref BinaryWriterBuffer writer, CachesPurged purged)
    {
        writer.WriteNumber((ulong)purged.Id);
        writer.WriteString(purged.Address);
        writer.WriteString(purged.Name);
        writer.WriteNumber((ulong)purged.Entries);
    }

    private static CachesPurged ReadPurged(ref BinaryReaderSpan reader, byte[] bytes) => new(
        reader.ReadInteger(), reader.ReadString(MaxNameBytes), reader.ReadString(MaxNameBytes), reader.ReadCount(int.MaxValue));

    private static void WriteRevise(ref BinaryWriterBuffer writer, ReviseRoom revise)
    {
        writer.WriteNumber((ulong)revise.Id);
        WriteRoom(ref writer, revise.Room);
    }

    private static ReviseRoom ReadRevise(ref BinaryReaderSpan reader, byte[] bytes) => new(reader.ReadInteger(), ReadRoom(ref reader));

    private static void WriteRevised(ref BinaryWriterBuffer writer, RoomRevised revised)
    {
        writer.WriteNumber((ulong)revised.Id);
        writer.WriteNumber((ulong)(revised.Revision ?? 0));
        WriteFlag(ref writer, revised.IsDone);
    }

    private static RoomRevised ReadRevised(ref BinaryReaderSpan reader, byte[] bytes) =>
        new(reader.ReadInteger(), reader.ReadInteger() is > 0 and var revision ? revision : null, ReadFlag(ref reader));
}
