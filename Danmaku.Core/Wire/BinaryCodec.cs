using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Danmaku.Core.Identities;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Wire;

/// <summary>The compact binary form of messages between nodes: unsigned LEB128 numbers, strings as length and UTF-8, no field names.</summary>
public static class BinaryCodec
{
    /// <summary>Longest text or name accepted from another node, in bytes.</summary>
    public const int MaxStringBytes = 16 * 1024;

    // What follows the style of an entry, where its flags say that something does.
    private const byte HasUser = 1;
    private const byte HasRole = 2;
    private const byte HasRecall = 4;

    // The kinds of a recall.
    private const byte RecallOne = 1;
    private const byte RecallPerson = 2;
    private const byte RecallEverything = 3;

    /// <summary>Writes consecutive entries of a log; their offsets follow from the first.</summary>
    /// <param name="isPlain">Leaves out who said it and what it recalls: nodes of release 0.1 read nothing else.</param>
    public static void WriteComments(ref BinaryWriterBuffer writer, IReadOnlyList<Comment> comments, bool isPlain = false)
    {
        foreach (var comment in comments)
        {
            writer.WriteNumber((ulong)comment.Time);
            writer.WriteString(comment.Author);
            writer.WriteString(comment.Text);
            WriteStyle(ref writer, comment.Style, comment.At, isPlain ? default : new Source(comment.User, comment.Role, comment.Recall));
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
            var (style, at, source) = ReadStyle(ref reader);
            comments[i] = new Comment(first + i, time, author, text, style, at) { User = source.User, Role = source.Role, Recall = source.Recall };
        }

        return comments;
    }

    /// <summary>
    /// Mode and size in one byte, with a bit each for a colour other than white, a media time, and a source. Nodes of release 0.1 refuse the last.
    /// </summary>
    public static void WriteStyle(ref BinaryWriterBuffer writer, CommentStyle style, long? at, Source source = default)
    {
        var hasColor = style.Color != CommentStyle.White;
        writer.WriteByte((byte)((int)style.Mode | (int)style.Size << 2 | (hasColor ? 0x10 : 0) | (at is null ? 0 : 0x20) | (source.IsNone ? 0 : 0x40)));
        if (hasColor)
        {
            writer.WriteNumber((ulong)style.Color);
        }

        if (at is { } media)
        {
            writer.WriteNumber((ulong)media);
        }

        if (!source.IsNone)
        {
            WriteSource(ref writer, source);
        }
    }

    public static (CommentStyle Style, long? At, Source Source) ReadStyle(ref BinaryReaderSpan reader)
    {
        var flags = reader.ReadByte();
        var size = flags >> 2 & 3;
        if (flags > 0x7f || size > (int)CommentSize.Large)
        {
            throw new InvalidDataException("unknown style");
        }

        var color = (flags & 0x10) != 0 ? reader.ReadInteger() : CommentStyle.White;
        long? at = (flags & 0x20) != 0 ? reader.ReadInteger() : null;
        var source = (flags & 0x40) != 0 ? ReadSource(ref reader) : default;
        return color > CommentStyle.White
            ? throw new InvalidDataException("unknown colour")
            : (new CommentStyle((CommentMode)(flags & 3), (int)color, (CommentSize)size), at, source);
    }

    /// <summary>One kind of recall, and what it names.</summary>
    public static void WriteRecall(ref BinaryWriterBuffer writer, Recall recall)
    {
        switch (recall)
        {
            case Recall.One one:
                writer.WriteByte(RecallOne);
                writer.WritePosition(one.Target);
                break;
            case Recall.Person person:
                writer.WriteByte(RecallPerson);
                WriteUser(ref writer, person.User);
                writer.WriteNumber((ulong)person.Since);
                break;
            case Recall.Everything:
                writer.WriteByte(RecallEverything);
                break;
        }
    }

    /// <exception cref="InvalidDataException">The bytes are no recall.</exception>
    public static Recall ReadRecall(ref BinaryReaderSpan reader) => reader.ReadByte() switch
    {
        RecallOne => new Recall.One(reader.ReadPosition()),
        RecallPerson => new Recall.Person(ReadUser(ref reader), reader.ReadInteger()),
        RecallEverything => Recall.Everything.Instance,
        _ => throw new InvalidDataException("unknown recall"),
    };

    /// <summary>A recall as stores keep it.</summary>
    public static byte[] Encode(Recall recall)
    {
        var buffer = new ArrayBufferWriter<byte>(32);
        var writer = new BinaryWriterBuffer(buffer);
        WriteRecall(ref writer, recall);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A person as stores keep it.</summary>
    public static byte[] Encode(UserId user)
    {
        var bytes = new byte[UserId.Bytes];
        user.Write(bytes);
        return bytes;
    }

    /// <exception cref="InvalidDataException">The bytes are no recall.</exception>
    public static Recall DecodeRecall(ReadOnlySpan<byte> bytes)
    {
        var reader = new BinaryReaderSpan(bytes);
        return ReadRecall(ref reader);
    }

    private static void WriteSource(ref BinaryWriterBuffer writer, Source source)
    {
        writer.WriteByte((byte)((source.User.IsNone ? 0 : HasUser) | (source.Role == Role.Viewer ? 0 : HasRole) | (source.Recall is null ? 0 : HasRecall)));
        if (!source.User.IsNone)
        {
            WriteUser(ref writer, source.User);
        }

        if (source.Role != Role.Viewer)
        {
            writer.WriteByte((byte)source.Role);
        }

        if (source.Recall is { } recall)
        {
            WriteRecall(ref writer, recall);
        }
    }

    private static Source ReadSource(ref BinaryReaderSpan reader)
    {
        var has = reader.ReadByte();
        if (has is 0 or > (HasUser | HasRole | HasRecall))
        {
            throw new InvalidDataException("unknown source");
        }

        var user = (has & HasUser) != 0 ? ReadUser(ref reader) : default;
        var role = (has & HasRole) != 0 ? (Role)reader.ReadByte() : Role.Viewer;
        var recall = (has & HasRecall) != 0 ? ReadRecall(ref reader) : null;
        return role > Role.Host ? throw new InvalidDataException("unknown role") : new Source(user, role, recall);
    }

    private static void WriteUser(ref BinaryWriterBuffer writer, UserId user)
    {
        Span<byte> bytes = stackalloc byte[UserId.Bytes];
        user.Write(bytes);
        writer.WriteBytes(bytes);
    }

    private static UserId ReadUser(ref BinaryReaderSpan reader) => new UserId(reader.ReadBytes(UserId.Bytes));

    /// <summary>Fewest bytes of a comment: time, two empty strings, style.</summary>
    private const int MinCommentBytes = 4;

    /// <summary>Who says something, and what that takes back.</summary>
    public readonly record struct Source(UserId User, Role Role, Recall? Recall)
    {
        public bool IsNone => User.IsNone && Role == Role.Viewer && Recall is null;
    }
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
