using Danmaku.Core.Wire;
using static Danmaku.Actors.Rooms.RoomProtocol;
using static Danmaku.Actors.Serialization.WireParts;

namespace Danmaku.Actors.Serialization;

/// <summary>Reads and writes an edge's requests for a room's history, and the origin's answers.</summary>
internal static class HistoryCodec
{
    public static readonly WireForm[] Forms =
    [
        new WireForm<ReadHistory>("h", WriteRead, ReadRead),
        new WireForm<HistoryPage>("i", WritePage, ReadPage),
        new WireForm<HistoryGone>("j", WriteGone, ReadGone),
    ];

    private static void WriteRead(ref BinaryWriterBuffer writer, ReadHistory read)
    {
        WriteRoom(ref writer, read.Room);
        writer.WritePosition(read.After);
        writer.WriteNumber((ulong)read.KnownEpoch);
    }

    private static ReadHistory ReadRead(ref BinaryReaderSpan reader, byte[] bytes) =>
        new(ReadRoom(ref reader), reader.ReadPosition(), ReadKnownEpoch(ref reader));

    private static void WritePage(ref BinaryWriterBuffer writer, HistoryPage page)
    {
        WriteRoom(ref writer, page.Room);
        writer.WritePosition(page.After);
        WriteSlices(ref writer, page.Page);
    }

    private static HistoryPage ReadPage(ref BinaryReaderSpan reader, byte[] bytes) =>
        new(ReadRoom(ref reader), reader.ReadPosition(), ReadSlices(ref reader, bytes));

    private static void WriteGone(ref BinaryWriterBuffer writer, HistoryGone gone)
    {
        WriteRoom(ref writer, gone.Room);
        writer.WritePosition(gone.After);
    }

    private static HistoryGone ReadGone(ref BinaryReaderSpan reader, byte[] bytes) => new(ReadRoom(ref reader), reader.ReadPosition());
}
