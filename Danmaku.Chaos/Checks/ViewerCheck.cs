using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;

namespace Danmaku.Chaos.Checks;

/// <summary>Measures what a viewer was told against its room's log.</summary>
/// <param name="retention">How much the servers keep: who comes back later than that may be told <c>lost</c>.</param>
/// <param name="history">How many of the newest danmaku a viewer wants when it lost some; these it gets, so they do not count as gone.</param>
public sealed class ViewerCheck(RoomLog log, OpenEnds open, Retention retention, int history)
{
    private const int MaxExamples = 5;

    /// <param name="name">Of the viewer, for examples.</param>
    /// <param name="life">All that it was told, as it came, over all its connections. Danmaku before the first welcome are foreign.</param>
    public ViewerFinding Check(string name, IReadOnlyList<Heard> life)
    {
        var walk = new Walk(this, name);
        foreach (var heard in life)
        {
            walk.Step(heard);
        }

        return walk.End();
    }

    private string? Justify(Position from, Position to, int missed)
    {
        if (open.Between(from, to))
        {
            return "an epoch whose end was not durable";
        }

        return missed + history >= retention.MaxComments ? "retention" : null;
    }

    /// <summary>One viewer's way through the log.</summary>
    private sealed class Walk(ViewerCheck check, string name)
    {
        private readonly HashSet<Position> _seen = [];
        private readonly HashSet<Position> _announced = [];
        private readonly List<LostNotice> _notices = [];
        private readonly List<string> _examples = [];
        private readonly Dictionary<long, long> _lastOfEpoch = [];
        private Position? _start;
        private Position _last;
        private long _arrived;
        private long _skipped;
        private long _disagreeing;
        private long _doubled;
        private long _reordered;
        private Tally _phantoms;

        public void Step(Heard heard)
        {
            switch (heard.Kind)
            {
                case HeardKind.Welcome:
                    _start ??= heard.Position;
                    _last = Max(_last, heard.Position);
                    break;
                case HeardKind.Danmaku:
                    OnDanmaku(heard.Position, heard.Post);
                    break;
                case HeardKind.Skipped:
                    _skipped += Announce(heard.From with { Offset = heard.From.Offset - 1 }, heard.Position);
                    _last = Max(_last, heard.Position);
                    break;
                case HeardKind.Lost:
                    OnLost(heard.Position);
                    break;
            }
        }

        public ViewerFinding End()
        {
            var (expected, lost) = (0L, default(Tally));
            foreach (var position in check.Log.Positions.Skip(_start is { } start ? check.Log.CountThrough(start) : check.Log.Count))
            {
                if (_announced.Contains(position))
                {
                    continue;
                }

                expected++;
                if (!_seen.Contains(position))
                {
                    // An open end may be gone, but not a part of it.
                    var isOpen = check.Open.Contains(position) && position.Offset > _lastOfEpoch.GetValueOrDefault(position.Epoch);
                    lost = lost.Add(isOpen);
                    Explain(!isOpen, $"never got {position}");
                }
            }

            return new ViewerFinding(
                expected, _arrived, lost, _doubled, _reordered, _disagreeing, _phantoms, _skipped, _notices, _examples);
        }

        private void OnDanmaku(Position position, int post)
        {
            _arrived++;
            if (!_seen.Add(position))
            {
                _doubled++;
                Explain(true, $"got {position} again, after {_last}");
            }
            else if (position <= _last)
            {
                _reordered++;
                Explain(true, $"got {position} after {_last}");
            }

            if (check.Log.PostAt(position) is not { } there)
            {
                var isOpen = check.Open.Contains(position);
                _phantoms = _phantoms.Add(isOpen);
                Explain(!isOpen, $"got {position}, which is not in the log");
            }
            else if (there != post)
            {
                _disagreeing++;
                Explain(true, $"got post {post} at {position}, where the log has {there}");
            }

            _last = Max(_last, position);
            _lastOfEpoch[position.Epoch] = Math.Max(position.Offset, _lastOfEpoch.GetValueOrDefault(position.Epoch));
        }

        private void OnLost(Position position)
        {
            var missed = Announce(_last, position);
            var notice = new LostNotice(_last, position, missed, check.Justify(_last, position, missed));
            _notices.Add(notice);
            Explain(notice.WhyJustified is null, $"was told lost from {notice.From} to {notice.To}, over {missed} of the log");
            _start ??= position;
            _last = Max(_last, position);
        }

        /// <summary>Nothing up to <paramref name="through"/> is expected any more.</summary>
        private int Announce(Position after, Position through)
        {
            var (from, to) = (check.Log.CountThrough(after), check.Log.CountThrough(through));
            for (var i = from; i < to; i++)
            {
                _announced.Add(check.Log.Positions[i]);
            }

            return Math.Max(0, to - from);
        }

        private void Explain(bool isWrong, string what)
        {
            if (isWrong && _examples.Count < MaxExamples)
            {
                _examples.Add($"{name} {what}");
            }
        }

        private static Position Max(Position left, Position right) => left > right ? left : right;
    }

    private RoomLog Log => log;

    private OpenEnds Open => open;
}
