using Danmaku.Core.Rooms;
using Danmaku.Core.Segments;
using FsCheck;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Segments;

/// <summary>Whatever is said when, and however the log is read, forgotten and continued, all cut it alike.</summary>
public class SegmentProperties
{
    [Property(MaxTest = 200)]
    public void Every_danmaku_is_in_exactly_one_segment(DoNotSize<int> seed)
    {
        var room = new LogModel(new Random(seed.Item));
        room.Grow(room.Random.Next(1, 6000));

        var log = Read(room, Position.None);

        Assert.Equal(room.Rows.Select(row => row.Position), log.Segments.SelectMany(Positions));
    }

    [Property(MaxTest = 200)]
    public void A_segment_has_a_bounded_count_and_stays_within_its_window(DoNotSize<int> seed)
    {
        var room = new LogModel(new Random(seed.Item));
        room.Grow(room.Random.Next(1, 6000));
        var times = room.Rows.ToDictionary(row => row.Position, row => row.Comment.Time);

        Assert.All(Read(room, Position.None).Segments, segment =>
        {
            Assert.InRange(segment.Last - segment.First.Offset + 1, 1, Segment.MaxComments);
            Assert.Equal((times[segment.First], times[segment.End]), (segment.From, segment.To));
            Assert.Equal(segment.From / 360_000, segment.To / 360_000);
        });
    }

    [Property(MaxTest = 200)]
    public void A_sealed_segment_never_changes_and_is_sealed_for_every_reader(DoNotSize<int> seed)
    {
        var room = new LogModel(new Random(seed.Item));
        var (kept, known) = (new SegmentLog(), new HashSet<Segment>());
        for (var i = 0; i < 12; i++)
        {
            room.Grow(room.Random.Next(0, 700));
            foreach (var batch in room.After(kept.Through))
            {
                kept.Add(batch);
            }

            var sealedNow = Sealed(kept, room.Epoch);

            Assert.Equal(sealedNow, Sealed(Read(room, Position.None), room.Epoch));
            Assert.Subset(sealedNow, known);
            known = sealedNow;
        }
    }

    [Property(MaxTest = 200)]
    public void Forgetting_drops_whole_segments_and_moves_no_other(DoNotSize<int> seed)
    {
        var room = new LogModel(new Random(seed.Item));
        room.Grow(room.Random.Next(1, 5000));
        var all = Read(room, Position.None);
        var start = room.Rows[room.Random.Next(room.Rows.Count)].Position;

        var rest = Read(room, start).Segments;
        var before = all.Segments.ToList();
        all.Forget(start);

        Assert.Equal(before.TakeLast(rest.Count), rest);
        Assert.Equal(rest, all.Segments);

        // What had to go with what was forgotten is at most one segment.
        var touched = before.Count(segment => segment.First <= start);
        Assert.InRange(before.Count - rest.Count, touched, touched + 1);
    }

    private static SegmentLog Read(LogModel room, Position after)
    {
        var log = new SegmentLog();
        foreach (var batch in room.After(after))
        {
            log.Add(batch);
        }

        return log;
    }

    private static HashSet<Segment> Sealed(SegmentLog log, long epoch) => [.. log.Segments.Where(segment => log.IsSealed(segment, epoch))];

    private static IEnumerable<Position> Positions(Segment segment)
    {
        for (var offset = segment.First.Offset; offset <= segment.Last; offset++)
        {
            yield return segment.First with { Offset = offset };
        }
    }

    /// <summary>A room's log that grows at random: crowds, silences and new epochs; its time never runs backwards.</summary>
    private sealed class LogModel(Random random)
    {
        private long _time = 1_790_000_000_000 + random.Next(1_000_000);

        public Random Random => random;

        public long Epoch { get; private set; } = 1;

        public List<(Position Position, Comment Comment)> Rows { get; } = [];

        private long Offset => Rows is [.., var last] && last.Position.Epoch == Epoch ? last.Position.Offset : 0;

        public void Grow(int count)
        {
            for (; count > 0; count--)
            {
                _time += random.Next(300) switch { 0 => random.Next(2_000_000), < 30 => random.Next(5000), _ => 0 };
                Epoch += random.Next(900) == 0 ? random.Next(1, 3) : 0;
                var comment = new Comment(Offset + 1, _time, "a", "b", CommentStyle.Default, null);
                Rows.Add((new Position(Epoch, comment.Offset), comment));
            }

            Epoch += random.Next(5) == 0 ? 1 : 0;
        }

        /// <summary>What follows a position, in pages of any size.</summary>
        public IEnumerable<Batch> After(Position after)
        {
            var rows = Rows.Where(row => row.Position > after).ToList();
            for (var i = 0; i < rows.Count;)
            {
                var epoch = rows[i].Position.Epoch;
                var page = rows.Skip(i).Take(random.Next(1, 400)).TakeWhile(row => row.Position.Epoch == epoch).Select(row => row.Comment).ToList();
                yield return new Batch(epoch, Position.None, page);
                i += page.Count;
            }
        }
    }
}
