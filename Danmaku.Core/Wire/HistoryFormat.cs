using System.Buffers;
using System.Text.Json;
using Danmaku.Core.Rooms;
using Danmaku.Core.Segments;

namespace Danmaku.Core.Wire;

/// <summary>A room's history over HTTP (docs/protocol.md §9): the same rows always give the same bytes.</summary>
public static class HistoryFormat
{
    /// <summary>The path of a room's index. Its segments are below it.</summary>
    public static string IndexPath(RoomId room) => $"/api/rooms/{room}/history";

    public static string SegmentPath(RoomId room, long epoch, SegmentName name) => $"{IndexPath(room)}/{epoch}/{name}";

    /// <summary>The <c>Cache-Tag</c> of a room's resources, so that they can be purged together.</summary>
    public static string CacheTag(RoomId room) => "room/" + room;

    /// <summary>One segment.</summary>
    /// <param name="epoch">The epoch of all <paramref name="comments"/>.</param>
    /// <param name="comments">In order and without gaps; never empty.</param>
    public static byte[] Segment(RoomId room, long epoch, long revision, bool isSealed, IReadOnlyList<Comment> comments) => Encode(json =>
    {
        json.WriteString("room", room.Value);
        json.WriteNumber("epoch", epoch);
        json.WriteNumber("offset", comments[0].Offset);
        json.WriteNumber("revision", revision);
        json.WriteBoolean("sealed", isSealed);
        json.WriteStartArray("comments");
        foreach (var comment in comments)
        {
            JsonFormat.WriteComment(json, comment);
        }

        json.WriteEndArray();
    });

    /// <summary>The index of segments.</summary>
    /// <param name="segments">Oldest first.</param>
    /// <param name="earlier">The address of the index of earlier segments; null when there are none.</param>
    public static byte[] Index(
        RoomId room, Position head, IReadOnlyList<(Segment Segment, long Revision, bool IsSealed)> segments, string? earlier) => Encode(json =>
    {
        json.WriteString("room", room.Value);
        json.WriteStartObject("head");
        json.WriteNumber("epoch", head.Epoch);
        json.WriteNumber("offset", head.Offset);
        json.WriteEndObject();
        if (earlier is not null)
        {
            json.WriteString("earlier", earlier);
        }

        json.WriteStartArray("epochs");
        for (var i = 0; i < segments.Count;)
        {
            var epoch = segments[i].Segment.First.Epoch;
            json.WriteStartObject();
            json.WriteNumber("epoch", epoch);
            json.WriteStartArray("segments");
            for (; i < segments.Count && segments[i].Segment.First.Epoch == epoch; i++)
            {
                WriteEntry(json, room, segments[i]);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static void WriteEntry(Utf8JsonWriter json, RoomId room, (Segment Segment, long Revision, bool IsSealed) entry)
    {
        var (segment, revision, isSealed) = entry;
        var name = new SegmentName(segment.First.Offset, isSealed ? segment.Last : null, revision);
        json.WriteStartObject();
        json.WriteNumber("first", segment.First.Offset);
        json.WriteNumber("last", segment.Last);
        json.WriteNumber("from", segment.From);
        json.WriteNumber("to", segment.To);
        json.WriteNumber("revision", revision);
        json.WriteBoolean("sealed", isSealed);
        json.WriteString("url", SegmentPath(room, segment.First.Epoch, name));
        json.WriteEndObject();
    }

    private static byte[] Encode(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using var json = new Utf8JsonWriter(buffer, JsonFormat.Options);
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
