using Danmaku.Bench.Engine;
using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Scenarios;

/// <summary>An edge, the viewers on it, and how long danmaku took to those who measure.</summary>
public sealed record Edge(Uri Url)
{
    private readonly Dictionary<(string, string?, bool), Target> _targets = [];

    public int Viewers { get; set; }

    public LatencyRecorder Latency { get; } = new();

    public Target TargetFor(string room, string? subprotocol, bool isDeflateOffered)
    {
        if (!_targets.TryGetValue((room, subprotocol, isDeflateOffered), out var target))
        {
            var url = new Uri(new Uri(Url.AbsoluteUri.TrimEnd('/') + "/"), $"ws/{room}");
            _targets[(room, subprotocol, isDeflateOffered)] = target = new Target(url, subprotocol, isDeflateOffered);
        }

        return target;
    }
}
