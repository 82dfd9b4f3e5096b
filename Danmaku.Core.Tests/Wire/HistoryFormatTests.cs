using System.Text;
using Danmaku.Core.Rooms;
using Danmaku.Core.Segments;
using Danmaku.Core.Wire;

namespace Danmaku.Core.Tests.Wire;

public class HistoryFormatTests
{
    private static readonly RoomId Lobby = RoomId.Parse("lobby");

    [Fact]
    public void A_segment_holds_its_danmaku_as_batches_do()
    {
        Comment[] comments =
        [
            new(41, 1790000012345, "Mei", "弹幕!", new CommentStyle(CommentMode.Top, 0xff8800, CommentSize.Large), 83500),
            new(42, 1790000012350, "Kai", "\"hi\"", CommentStyle.Default, null),
        ];

        var bytes = HistoryFormat.Segment(Lobby, 1790000000000, 2, isSealed: true, comments);

        Assert.Equal(
            """{"room":"lobby","epoch":1790000000000,"offset":41,"revision":2,"sealed":true,"comments":["""
            + """{"time":1790000012345,"name":"Mei","text":"弹幕!","mode":"top","color":"#ff8800","size":"large","at":83500},"""
            + """{"time":1790000012350,"name":"Kai","text":"\"hi\""}]}""",
            Encoding.UTF8.GetString(bytes));
    }

    [Fact]
    public void An_index_names_segments_by_epoch()
    {
        (Segment, long, bool)[] segments =
        [
            (new Segment(new Position(5, 1), 3, 100, 200), 1, true),
            (new Segment(new Position(7, 1), 1000, 300, 400), 0, true),
            (new Segment(new Position(7, 1001), 1001, 500, 500), 0, false),
        ];

        var bytes = HistoryFormat.Index(Lobby, new Position(7, 1001), segments, "/api/rooms/lobby/history?before=5.1");

        Assert.Equal(
            """{"room":"lobby","head":{"epoch":7,"offset":1001},"earlier":"/api/rooms/lobby/history?before=5.1","epochs":["""
            + """{"epoch":5,"segments":[{"first":1,"last":3,"from":100,"to":200,"revision":1,"sealed":true,"url":"/api/rooms/lobby/history/5/1.3-1"}]},"""
            + """{"epoch":7,"segments":[{"first":1,"last":1000,"from":300,"to":400,"revision":0,"sealed":true,"url":"/api/rooms/lobby/history/7/1.1000-0"},"""
            + """{"first":1001,"last":1001,"from":500,"to":500,"revision":0,"sealed":false,"url":"/api/rooms/lobby/history/7/1001-0"}]}]}""",
            Encoding.UTF8.GetString(bytes));
    }
}
