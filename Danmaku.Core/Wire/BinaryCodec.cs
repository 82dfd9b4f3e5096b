using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Wire;

/// <summary>The compact binary form of messages between nodes: unsigned LEB128 numbers, strings as length and UTF-8, no field names.</summary>
public static class BinaryCodec
{
    /// <summary>Longest text or name accepted from another node, in bytes.</summary>
    public const int MaxStringBytes = 16 * 1024;

    /// <summary>Writes consecutive danmaku; their offsets follow from the first.</summary>
    public static void WriteComments(ref BinaryWriterBuffer writer, IReadOnlyList<Comment> comments)
    {
        foreach (var comment in comments)
        {
            writer.WriteNumber((ulong)comment.Time);
            writer.WriteString(comment.Author);
            writer.WriteString(comment.Text);
            WriteStyle(ref writer, comment.Style, comment.At);
        }
    }

    /// <summary>Reads <paramref name="count"/> danmaku, the first at <paramref name="first"/>.</summary>
    /// <exception cref="InvalidDataException">The bytes are not in that form.</exception>
    public static Comment[] ReadComments(ref BinaryReaderSpan reader, long first, int count)
    {
        if (count > reader.Remaining / MinCommentBytes)
        {
            throw new InvalidDataException("more comments announced than bytes are there");
        }

        var comments = new Comment[count];
        for (var i = 0; i < count; i++)
        {
            var time = reader.ReadInteger();
            var author = reader.ReadString(MaxStringBytes);
            var text = reader.ReadString(MaxStringBytes);
            var (style, at) = ReadStyle(ref reader);
            comments[i] = new Comment(first + i, time, author, text, style, at);
        }

        return comments;
    }

    /// <summary>Mode and size in one byte, with a bit for colours other than white and one for a media time.</summary>
    public static void WriteStyle(ref BinaryWriterBuffer writer, CommentStyle style, long? at)
    {
        var hasColor = style.Color != CommentStyle.White;
        writer.WriteByte((byte)((int)style.Mode | (int)style.Size << 2 | (hasColor ? 0x10 : 0) | (at is null ? 0 : 0x20)));
        if (hasColor)
        {
            writer.WriteNumber((ulong)style.Color);
        }

        if (at is { } media)
        {
            writer.WriteNumber((ulong)media);
        }
    }

    public static (CommentStyle Style, long? At) ReadStyle(ref BinaryReaderSpan reader)
    {
        var flags = reader.ReadByte();
        var size = flags >> 2 & 3;
        if (flags > 0x3f || size > (int)CommentSize.Large)
        {
            throw new InvalidDataException("unknown style");
        }

        var color = (flags & 0x10) != 0 ? reader.ReadInteger() : CommentStyle.White;
        long? at = (flags & 0x20) != 0 ? reader.ReadInteger() : null;
        return color > CommentStyle.White
            ? throw new InvalidDataException("unknown colour")
            : (new CommentStyle((CommentMode)(flags & 3), (int)color, (CommentSize)size), at);
    }

    /// <summary>Fewest bytes of a comment: time, two empty strings, style.</summary>
    private const int MinCommentBytes = 4;
}

/// <summary>Writes the form of <see cref="BinaryCodec"/> into a growing buffer.</summary>
public ref struct BinaryWriterBuffer(IBufferWriter<byte> buffer)
{
    public readonly void WriteByte(byte value)
    {
        buffer.GetSpan(1)[0] = value;
        buffer.Advance(1);
    }

    /// <summary>1 to 10 bytes of 7 bits each, the lowest first.</summary>
    public readonly void WriteNumber(ulong value)
    {
        var span = buffer.GetSpan(10);
        var length = 0;
        for (; value > 0x7f; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }

        span[length++] = (byte)value;
        buffer.Advance(length);
    }

    public readonly void WritePosition(Position position)
    {
        WriteNumber((ulong)position.Epoch);
        WriteNumber((ulong)position.Offset);
    }

    public readonly void WriteString(string value)
    {
        WriteNumber((ulong)Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, buffer);
    }

    public readonly void WriteBytes(ReadOnlySpan<byte> bytes) => buffer.Write(bytes);

    public readonly void WritePostId(PostId id)
    {
        BinaryPrimitives.WriteUInt128BigEndian(buffer.GetSpan(16), id.Value);
        buffer.Advance(16);
    }
}

/// <summary>Reads the form of <see cref="BinaryCodec"/>; every length is compared with the remaining bytes before anything is allocated.</summary>
public ref struct BinaryReaderSpan(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly int Remaining => _rest.Length;

    public byte ReadByte() => ReadBytes(1)[0];

    /// <exception cref="InvalidDataException">Longer than 10 bytes, over 64 bits, or cut short.</exception>
    public ulong ReadNumber()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var b = ReadByte();
            if (shift == 63 && b > 1)
            {
                break;
            }

            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("number too long");
    }

    /// <summary>A number from 0 to 2^53 − 1.</summary>
    public long ReadInteger()
    {
        var value = ReadNumber();
        return value <= Position.MaxInteger ? (long)value : throw new InvalidDataException("number too large");
    }

    /// <summary>A number from 0 to <paramref name="max"/>.</summary>
    public int ReadCount(int max)
    {
        var value = ReadNumber();
        return value <= (ulong)max ? (int)value : throw new InvalidDataException("count over its limit");
    }

    public Position ReadPosition() => new(ReadInteger(), ReadInteger());

    public string ReadString(int maxBytes) => Encoding.UTF8.GetString(ReadBytes(ReadCount(maxBytes)));

    public ReadOnlySpan<byte> ReadBytes(int count)
    {
        if (count > _rest.Length)
        {
            throw new InvalidDataException("cut short");
        }

        var bytes = _rest[..count];
        _rest = _rest[count..];
        return bytes;
    }

    public PostId ReadPostId() => new(BinaryPrimitives.ReadUInt128BigEndian(ReadBytes(16)));
}
