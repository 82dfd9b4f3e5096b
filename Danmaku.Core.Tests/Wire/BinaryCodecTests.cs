using System.Buffers;
using Danmaku.Core.Identities;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using FsCheck;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Wire;

public class BinaryCodecTests
{
    private delegate T Reading<out T>(ref BinaryReaderSpan reader);

    private delegate void Writing(ref BinaryWriterBuffer writer);

    [Theory]
    [InlineData(0ul, "00")]
    [InlineData(127ul, "7f")]
    [InlineData(128ul, "8001")]
    [InlineData(300ul, "ac02")]
    [InlineData(ulong.MaxValue, "ffffffffffffffffff01")]
    public void A_number_is_unsigned_LEB128(ulong number, string hex)
    {
        var bytes = Write((ref BinaryWriterBuffer writer) => writer.WriteNumber(number));

        Assert.Equal(hex, Convert.ToHexStringLower(bytes));
        Assert.Equal(number, Read(bytes, (ref BinaryReaderSpan reader) => reader.ReadNumber()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("80")]
    [InlineData("ffffffffffffffffff02")]
    [InlineData("ffffffffffffffffffff01")]
    [InlineData("80808080808080808080")]
    public void A_number_that_is_cut_short_or_too_long_is_refused(string hex) =>
        AssertRefused(Convert.FromHexString(hex), (ref BinaryReaderSpan reader) => reader.ReadNumber());

    [Fact]
    public void An_integer_beyond_what_JavaScript_counts_exactly_is_refused()
    {
        var largest = Write((ref BinaryWriterBuffer writer) => writer.WriteNumber((ulong)Position.MaxInteger));
        var larger = Write((ref BinaryWriterBuffer writer) => writer.WriteNumber((ulong)Position.MaxInteger + 1));

        Assert.Equal(Position.MaxInteger, Read(largest, (ref BinaryReaderSpan reader) => reader.ReadInteger()));
        AssertRefused(larger, (ref BinaryReaderSpan reader) => reader.ReadInteger());
    }

    [Fact]
    public void Who_said_it_and_what_it_recalls_survive_the_wire_and_are_left_out_for_nodes_that_cannot_read_them()
    {
        var user = new UserId([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        Comment[] comments =
        [
            new(1, 5, "Mei", "a", CommentStyle.Default, 7) { User = user, Role = Role.Host },
            new(2, 5, "Mei", "b", CommentStyle.Default, null) { User = user },
            new(3, 5, "", "", CommentStyle.Default, null) { Recall = new Recall.One(new Position(1, 2)) },
            new(4, 5, "", "", CommentStyle.Default, null) { Recall = new Recall.Person(user, 3) },
            new(5, 5, "", "", CommentStyle.Default, null) { Recall = Recall.Everything.Instance },
            new(6, 5, "Kai", "c", CommentStyle.Default, null),
        ];

        var whole = Write((ref BinaryWriterBuffer writer) => BinaryCodec.WriteComments(ref writer, comments));
        var plain = Write((ref BinaryWriterBuffer writer) => BinaryCodec.WriteComments(ref writer, comments, isPlain: true));

        Assert.Equal(comments, Read(whole, (ref BinaryReaderSpan reader) => BinaryCodec.ReadComments(ref reader, 1, comments.Length)));
        Assert.Equal(
            comments.Select(comment => comment with { User = default, Role = default, Recall = null }),
            Read(plain, (ref BinaryReaderSpan reader) => BinaryCodec.ReadComments(ref reader, 1, comments.Length)));
    }

    [Theory]
    [InlineData("00")]
    [InlineData("08")]
    [InlineData("0204")]
    [InlineData("0404")]
    [InlineData("0400")]
    [InlineData("0102")]
    public void A_source_that_is_unknown_or_cut_short_is_refused(string hex) =>
        AssertRefused(Convert.FromHexString("44" + hex), (ref BinaryReaderSpan reader) => BinaryCodec.ReadStyle(ref reader));

    [Fact]
    public void A_count_over_its_limit_is_refused()
    {
        var bytes = Write((ref BinaryWriterBuffer writer) => writer.WriteNumber(11));

        Assert.Equal(11, Read(bytes, (ref BinaryReaderSpan reader) => reader.ReadCount(11)));
        AssertRefused(bytes, (ref BinaryReaderSpan reader) => reader.ReadCount(10));
    }

    [Property]
    public void Numbers_positions_texts_and_ids_are_read_back(ulong number, string? text, ulong high, ulong low)
    {
        var (position, id) = (new Position((long)(high >> 11), (long)(low >> 11)), new PostId(new UInt128(high, low)));
        var shown = TextRules.Check(text ?? "", 1000, out var trimmed) is null ? trimmed : "";
        var bytes = Write((ref BinaryWriterBuffer writer) =>
        {
            writer.WriteNumber(number);
            writer.WritePosition(position);
            writer.WriteString(shown);
            writer.WritePostId(id);
            writer.WriteByte(7);
            writer.WriteBytes([1, 2]);
        });

        var reader = new BinaryReaderSpan(bytes);

        Assert.Equal(number, reader.ReadNumber());
        Assert.Equal(position, reader.ReadPosition());
        Assert.Equal(shown, reader.ReadString(BinaryCodec.MaxStringBytes));
        Assert.Equal(id, reader.ReadPostId());
        Assert.Equal(7, reader.ReadByte());
        Assert.Equal([1, 2], reader.ReadBytes(2).ToArray());
        Assert.Equal(0, reader.Remaining);
    }

    [Property]
    public void Comments_are_read_back(DoNotSize<int> seed)
    {
        var comments = Make(seed.Item);
        var bytes = Write((ref BinaryWriterBuffer writer) => BinaryCodec.WriteComments(ref writer, comments));

        var read = Read(bytes, (ref BinaryReaderSpan reader) => BinaryCodec.ReadComments(ref reader, comments[0].Offset, comments.Count));

        Assert.Equal(comments, read);
    }

    [Property(MaxTest = 50)]
    public void Comments_that_are_cut_short_anywhere_are_refused(DoNotSize<int> seed)
    {
        var comments = Make(seed.Item);
        var bytes = Write((ref BinaryWriterBuffer writer) => BinaryCodec.WriteComments(ref writer, comments));

        for (var length = 0; length < bytes.Length; length++)
        {
            AssertRefused(bytes[..length], (ref BinaryReaderSpan reader) => BinaryCodec.ReadComments(ref reader, 1, comments.Count));
        }
    }

    [Property(MaxTest = 1000)]
    public void Any_bytes_are_either_comments_or_refused(byte[] bytes, NonNegativeInt count)
    {
        try
        {
            var read = Read(bytes, (ref BinaryReaderSpan reader) => BinaryCodec.ReadComments(ref reader, 1, count.Item));
            Assert.Equal(count.Item, read.Length);
            Assert.All(read, comment => Assert.InRange(comment.Style.Color, 0, CommentStyle.White));
            Assert.All(read, comment => Assert.True(Enum.IsDefined(comment.Style.Mode) && Enum.IsDefined(comment.Style.Size)));
        }
        catch (InvalidDataException)
        {
            // Refused: just as good.
        }
    }

    [Theory]
    [InlineData("40")]
    [InlineData("80")]
    [InlineData("0c")]
    [InlineData("1480808008")]
    [InlineData("10")]
    [InlineData("20")]
    public void An_unknown_style_is_refused(string hex) =>
        AssertRefused(Convert.FromHexString(hex), (ref BinaryReaderSpan reader) => BinaryCodec.ReadStyle(ref reader));

    [Fact]
    public void An_announced_length_alone_allocates_nothing()
    {
        byte[] announced = [0xff, 0xff, 0xff, 0xff, 0x07, 1, 2, 3];
        AssertRefused(announced, (ref BinaryReaderSpan reader) => reader.ReadString(int.MaxValue));
        var before = GC.GetAllocatedBytesForCurrentThread();

        AssertRefused(announced, (ref BinaryReaderSpan reader) => BinaryCodec.ReadComments(ref reader, 1, int.MaxValue));
        AssertRefused(announced, (ref BinaryReaderSpan reader) => reader.ReadString(int.MaxValue));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void A_text_over_its_limit_is_refused_also_when_it_is_there()
    {
        var bytes = Write((ref BinaryWriterBuffer writer) => writer.WriteString(new string('x', BinaryCodec.MaxStringBytes + 1)));

        AssertRefused(bytes, (ref BinaryReaderSpan reader) => reader.ReadString(BinaryCodec.MaxStringBytes));
    }

    private static List<Comment> Make(int seed)
    {
        var random = new Random(seed);
        var first = random.NextInt64(1, Position.MaxInteger - 100);
        string[] texts = ["", "hi", "弹幕!", "😀😀", new('x', 200)];
        return
        [
            .. Enumerable.Range(0, random.Next(1, 6)).Select(i => new Comment(
                first + i,
                random.NextInt64(Position.MaxInteger),
                texts[random.Next(texts.Length)],
                texts[random.Next(texts.Length)],
                new CommentStyle((CommentMode)random.Next(4), random.Next(2) == 0 ? CommentStyle.White : random.Next(0x1000000), (CommentSize)random.Next(3)),
                random.Next(2) == 0 ? null : random.NextInt64(Position.MaxInteger))),
        ];
    }

    private static byte[] Write(Writing write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new BinaryWriterBuffer(buffer);
        write(ref writer);
        return buffer.WrittenSpan.ToArray();
    }

    private static T Read<T>(byte[] bytes, Reading<T> read)
    {
        var reader = new BinaryReaderSpan(bytes);
        return read(ref reader);
    }

    private static void AssertRefused<T>(byte[] bytes, Reading<T> read) => Assert.Throws<InvalidDataException>(() => Read(bytes, read));
}
