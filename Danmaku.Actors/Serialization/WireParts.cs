using Danmaku.Actors.Rooms;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;

namespace Danmaku.Actors.Serialization;

/// <summary>Parts that several messages have. Every length is checked before memory is allocated for it.</summary>
internal static class WireParts
{
    public const int MaxNameBytes = 512;

    /// <summary>Most slices, heads, posts or answers in one message.</summary>
    private const int MaxItems = 4096;

    /// <summary>Most danmaku in one slice.</summary>
    private const int MaxComments = 16_384;

    /// <summary>Most bytes of danmaku in one slice.</summary>
    private const int MaxSliceBytes = 1024 * 1024;

    /// <summary>Reads how many items follow; each has at least one byte.</summary>
    public static int ReadItems(ref BinaryReaderSpan reader) => reader.ReadCount(Math.Min(MaxItems, reader.Remaining));

    public static void WriteRoom(ref BinaryWriterBuffer writer, RoomId room) => writer.WriteString(room.Value);

    public static RoomId ReadRoom(ref BinaryReaderSpan reader) => RoomId.Parse(reader.ReadString(RoomId.MaxLength));

    public static void WriteFlag(ref BinaryWriterBuffer writer, bool flag) => writer.WriteByte(flag ? (byte)1 : (byte)0);

    public static bool ReadFlag(ref BinaryReaderSpan reader) => reader.ReadByte() != 0;

    /// <summary>Reads the newest epoch that an edge knows; a room that hears of a later epoch than its own starts one after it.</summary>
    public static long ReadKnownEpoch(ref BinaryReaderSpan reader) =>
        reader.ReadInteger() is var epoch && epoch <= Epochs.MaxKnown ? epoch : throw new InvalidDataException("an epoch that no clock can reach");

    public static void WriteHead(ref BinaryWriterBuffer writer, RoomHead head)
    {
        writer.WritePosition(head.Top);
        writer.WritePosition(head.Previous);
    }

    public static RoomHead ReadHead(ref BinaryReaderSpan reader) => new(reader.ReadPosition(), reader.ReadPosition());

    public static void WriteSlices(ref BinaryWriterBuffer writer, IReadOnlyList<Slice> slices)
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

    /// <summary>The slices refer to their danmaku in <paramref name="bytes"/>.</summary>
    public static Slice[] ReadSlices(ref BinaryReaderSpan reader, byte[] bytes)
    {
        var slices = new Slice[ReadItems(ref reader)];
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
