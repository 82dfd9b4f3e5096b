using System.Text;
using Danmaku.Bench.Engine;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Viewers;
using Danmaku.Core.Rooms;
using Danmaku.Testing;

namespace Danmaku.Bench.Tests.Viewers;

/// <summary>A room of a run without a network: tests say what its viewers get.</summary>
internal sealed class ViewerFixture : IDisposable
{
    public const long Epoch = 5;

    private readonly LoadLoop _loop;

    public ViewerFixture(bool isAnswered = true)
    {
        _loop = new LoadLoop(new RunClock(new ManualTimeProvider()), Pollers.Create());
        Room = new RoomRun(_loop, "room", new PostTexts(30), isAnswered);
    }

    public RoomRun Room { get; }

    public LatencyRecorder Latency { get; } = new();

    public static Inflater Inflater { get; } = new();

    /// <summary>Posts so many, as if they had been sent.</summary>
    public void Open(int posts)
    {
        for (var i = 0; i < posts; i++)
        {
            Room.Book.Open(i);
        }
    }

    /// <summary>Posts so many that the server accepts in this order.</summary>
    public void Accept(int posts)
    {
        Open(posts);
        for (var i = 0; i < posts; i++)
        {
            Room.Book.Acked(i, new Position(Epoch, i + 1), isDurable: true, nowMicros: i);
        }
    }

    public byte[] Text(int number) => Encoding.ASCII.GetBytes(Room.Texts.Text(new PostTag(number, number)));

    public byte[] Batch(long offset, params int[] numbers) => Encoding.ASCII.GetBytes(
        $$"""{"type":"batch","epoch":{{Epoch}},"offset":{{offset}},{{(offset == 1 ? "\"previous\":null," : "")}}"comments":["""
        + string.Join(',', numbers.Select(number => $$"""{"time":1,"name":"A","text":"{{Room.Texts.Text(new PostTag(number, number))}}"}""")) + "]}");

    public JsonViewer Welcomed(bool isSampled = true)
    {
        var viewer = new JsonViewer(Room, isSampled ? Latency : null, Inflater) { Index = 0 };
        viewer.OnText(Encoding.ASCII.GetBytes($$"""{"type":"welcome","position":{"offset":0,"epoch":{{Epoch}} } }"""), isDeflated: false);
        return viewer;
    }

    public void Dispose() => _loop.Dispose();
}
