using Danmaku.Core.Rooms;

namespace Danmaku.Chaos.Checks;

/// <summary>The ends of a room's epochs that nobody said were durable: only these danmaku may be lost, or doubled by a resend.</summary>
/// <remarks>
/// An epoch is committed in order. So its open end begins with the first danmaku that was acknowledged with <c>durable:false</c>, never
/// confirmed, and has no confirmed one behind it.
/// </remarks>
public sealed class OpenEnds
{
    private readonly Dictionary<long, long> _first = [];
    private readonly bool _all;

    /// <param name="acks">All acknowledgements of the room, in any order.</param>
    public OpenEnds(IEnumerable<(Position Position, bool IsDurable)> acks)
    {
        foreach (var epoch in acks.GroupBy(ack => ack.Position.Epoch))
        {
            var durable = epoch.Where(ack => ack.IsDurable).Select(ack => ack.Position.Offset).DefaultIfEmpty(0).Max();
            var open = epoch.Where(ack => ack.Position.Offset > durable).Select(ack => ack.Position.Offset).DefaultIfEmpty(0).Min();
            if (open > 0)
            {
                _first[epoch.Key] = open;
            }
        }
    }

    private OpenEnds(bool all) => _all = all;

    /// <summary>Where nothing is durable: rooms that live in memory.</summary>
    public static OpenEnds Everything { get; } = new(all: true);

    public bool Contains(Position position) =>
        _all || (_first.TryGetValue(position.Epoch, out var first) && position.Offset >= first);

    /// <summary>Whether an epoch that a viewer left behind, between two positions, ended openly.</summary>
    public bool Between(Position from, Position to) => _all
        ? from.Epoch < to.Epoch
        : _first.Keys.Any(epoch => from.Epoch <= epoch && epoch < to.Epoch);
}
