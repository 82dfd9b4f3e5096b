using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using static Danmaku.Storage.Tests.Some;

namespace Danmaku.Storage.Tests;

/// <summary>Random calls of a store, compared with what lists say; the same seed makes the same calls.</summary>
internal sealed class StoreScript(IRoomStore store, Random random)
{
    /// <summary>Rooms that had nothing left before are forgotten after it.</summary>
    private static readonly long LongSilence = (long)RoomLog.EmptyRoomAge.TotalMilliseconds;

    private readonly Dictionary<RoomId, Model> _models = [];
    private readonly RoomId[] _rooms = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => RoomId.Parse($"m{random.Next():x}"))];
    private readonly Retention _retention = new(random.Next(1, 30), TimeSpan.FromMilliseconds(random.Next(1, 3000)))
    {
        MinAge = TimeSpan.FromMilliseconds(random.Next(2) * random.Next(2000)),
    };

    private long _now = Now;

    public async Task RunAsync(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            _now += random.Next(40) == 0 ? LongSilence : random.Next(0, 60);
            var room = _rooms[random.Next(_rooms.Length)];
            await (random.Next(10) switch
            {
                0 or 1 => OpenAsync(room),
                <= 5 => AppendAsync(),
                <= 8 => ReadAsync(room),
                _ => TrimAsync(),
            });
        }
    }

    private async Task OpenAsync(RoomId room)
    {
        var request = new OpenRequest(
            random.Next(3) * (_now + random.Next(100)) / 2, _now, random.Next(0, 20), _now - random.Next(1000), random.Next(0, 30));
        var known = _models.TryGetValue(room, out var model);
        var epoch = Math.Max(Math.Max(model?.Epoch ?? 0, request.KnownEpoch) + 1, _now);
        model ??= _models[room] = new Model { Last = new Position(epoch, 0), Start = new Position(epoch, 0) };
        (model.Epoch, model.Previous, model.OpenedAt) = (epoch, known ? model.Last : Position.None, _now);

        var opening = await store.OpenAsync(room, request, default);

        var history = model.Log.TakeLast(request.History).ToList();
        var since = Math.Min(request.IdsSince, model.LastTime - (_now - request.IdsSince));
        var posts = model.Log.Where(entry => entry.Comment.Time >= since).TakeLast(request.MaxIds);
        var start = history.Count == model.Log.Count ? model.Start
            : history.Count == 0 ? model.Last : model.Log[^(history.Count + 1)].Position;
        Assert.Equal((epoch, model.Previous, model.LastTime, start), (opening.Epoch, opening.Previous, opening.LastTime, opening.Start));
        AssertSame(history, opening.History);
        Assert.Equal(posts.Select(entry => (entry.Id, entry.Position, entry.Comment.Time)), opening.Posts);
    }

    /// <summary>To some rooms: new danmaku, perhaps after some that are there already or after a hole, perhaps by an owner of before.</summary>
    private async Task AppendAsync()
    {
        var appends = new List<RoomAppend>();
        var expected = new List<bool>();
        foreach (var room in _rooms.Where(_ => random.Next(2) == 0))
        {
            var model = _models.GetValueOrDefault(room);
            var epoch = (model?.Epoch ?? 1) - (random.Next(6) == 0 ? 1 : 0);
            var last = model?.Last.Epoch == epoch ? model.Last.Offset : 0;
            var from = Math.Max(1, last + 1 - random.Next(-1, 4));
            var append = Append(room, epoch, from, from + random.Next(6), Math.Max(_now, model?.LastTime ?? 0));
            appends.Add(append);
            expected.Add(model?.Epoch == epoch && from <= last + 1);
            if (expected[^1])
            {
                model!.Add(append);
            }
        }

        Assert.Equal(expected, await store.AppendAsync(appends, default));
    }

    private async Task ReadAsync(RoomId room)
    {
        var model = _models.GetValueOrDefault(room);
        var log = model?.Log ?? [];
        var after = log.Count > 0 && random.Next(4) > 0 ? log[random.Next(log.Count)].Position
            : new Position((model?.Epoch ?? 1) - random.Next(500), random.Next(5));
        var (maxComments, maxBytes) = (random.Next(1, 30), random.Next(0, 3000));

        var read = await store.ReadAsync(room, after, maxComments, maxBytes);

        if (model is null || after < model.Start)
        {
            Assert.Null(read);
            return;
        }

        var bytes = 0;
        var page = log.Where(entry => entry.Position > after).Take(maxComments)
            .TakeWhile((entry, i) => (bytes += entry.Comment.Bytes) <= maxBytes || i == 0);
        AssertSame([.. page], read);
    }

    private async Task TrimAsync()
    {
        await store.TrimAllAsync(_retention, _now);

        var oldest = _now - (long)_retention.MaxAge.TotalMilliseconds;
        var oldestRoom = oldest - LongSilence;
        foreach (var (room, model) in _models.ToList())
        {
            var old = model.Log.Count(entry => entry.Comment.Time < oldest);
            var ripe = model.Log.Count(entry => entry.Comment.Time <= _now - (long)_retention.MinAge.TotalMilliseconds);
            var gone = Math.Max(old, Math.Min(ripe, model.Log.Count - _retention.MaxComments));
            model.Start = gone > 0 ? model.Log[gone - 1].Position : model.Start;
            model.Log.RemoveRange(0, gone);
            if (model.Log.Count == 0 && model.OpenedAt < oldestRoom && model.LastTime < oldestRoom)
            {
                _models.Remove(room);
            }
        }
    }

    private static void AssertSame(List<LogEntry> expected, IReadOnlyList<Batch>? batches)
    {
        Assert.NotNull(batches);
        Assert.Equal(
            expected.Select(entry => (entry.Epoch, entry.Previous, entry.Comment)),
            batches.SelectMany(batch => batch.Comments.Select(comment => (batch.Epoch, batch.Previous, comment))));
        Assert.Equal(expected.DistinctBy(entry => entry.Epoch).Count(), batches.Count);
    }

    private sealed class Model
    {
        public long Epoch { get; set; }

        public Position Previous { get; set; }

        public Position Last { get; set; }

        public long LastTime { get; set; }

        public Position Start { get; set; }

        public long OpenedAt { get; set; }

        public List<LogEntry> Log { get; } = [];

        public void Add(RoomAppend append)
        {
            foreach (var (id, comment) in append.Comments.Where(entry => new Position(append.Epoch, entry.Comment.Offset) > Last))
            {
                Log.Add(new LogEntry(append.Epoch, Previous, id, comment));
                (Last, LastTime) = (new Position(append.Epoch, comment.Offset), comment.Time);
            }
        }
    }
}
