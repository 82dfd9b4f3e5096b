using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using static Danmaku.Actors.Posts.PostProtocol;
using static Danmaku.Actors.Rooms.RoomProtocol;
using static Danmaku.Actors.Serialization.WireParts;

namespace Danmaku.Actors.Serialization;

/// <summary>Reads and writes posts and their answers.</summary>
internal static class PostCodec
{
    // A flag of a SubmitPost, and those of a PostAnswer.
    private const byte Again = 1;
    private const byte Durable = 1;
    private const byte Repeat = 2;

    public static readonly WireForm[] Forms =
    [
        new WireForm<SubmitPost>("p", WritePost, (ref BinaryReaderSpan reader, byte[] _) => ReadPost(ref reader)),
        new WireForm<SubmitPosts>("q", WritePosts, ReadPosts),
        new WireForm<PostAnswer>("a", WriteAnswer, (ref BinaryReaderSpan reader, byte[] _) => ReadAnswer(ref reader)),
        new WireForm<PostAnswers>("t", WriteAnswers, ReadAnswers),
    ];

    private static void WritePosts(ref BinaryWriterBuffer writer, SubmitPosts submits)
    {
        writer.WriteNumber((ulong)submits.Posts.Count);
        foreach (var one in submits.Posts)
        {
            WritePost(ref writer, one);
        }
    }

    private static SubmitPosts ReadPosts(ref BinaryReaderSpan reader, byte[] bytes)
    {
        var posts = new SubmitPost[ReadItems(ref reader)];
        for (var i = 0; i < posts.Length; i++)
        {
            posts[i] = ReadPost(ref reader);
        }

        return new SubmitPosts(posts);
    }

    private static void WriteAnswers(ref BinaryWriterBuffer writer, PostAnswers answers)
    {
        writer.WriteNumber((ulong)answers.Answers.Count);
        foreach (var one in answers.Answers)
        {
            WriteAnswer(ref writer, one);
        }
    }

    private static PostAnswers ReadAnswers(ref BinaryReaderSpan reader, byte[] bytes)
    {
        var answers = new PostAnswer[ReadItems(ref reader)];
        for (var i = 0; i < answers.Length; i++)
        {
            answers[i] = ReadAnswer(ref reader);
        }

        return new PostAnswers(answers);
    }

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

    private static RejectReason? ReadReason(ref BinaryReaderSpan reader)
    {
        var reason = (RejectReason)reader.ReadByte();
        return reason == 0 ? null : reason.IsKnown() ? reason : RejectReason.Unavailable;
    }

    /// <summary>Milliseconds plus one; 0 is none.</summary>
    private static TimeSpan? ReadWait(ref BinaryReaderSpan reader) =>
        reader.ReadCount(int.MaxValue) is > 0 and var wait ? TimeSpan.FromMilliseconds(wait - 1) : null;
}
