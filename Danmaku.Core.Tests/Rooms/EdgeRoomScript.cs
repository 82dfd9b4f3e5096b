using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Tests.Rooms;

/// <summary>
/// A random life of one room between its origins and one edge: posts, new epochs, and a network that cuts, drops, repeats, delays and
/// reorders whatever is said. The seed decides everything.
/// </summary>
internal sealed class EdgeRoomScript
{
    private readonly Random _random;
    private readonly List<Action> _network = [];
    private readonly List<ViewerModel> _viewers = [];

    /// <summary>What was taken back by recalls that have reached the edge.</summary>
    private readonly HashSet<Position> _heard = [];

    public EdgeRoomScript(int seed, OriginModel origin, RoomLimits limits)
    {
        (_random, Origin, Edge) = (new Random(seed), origin, new EdgeRoom(limits));
        Origin.Begin(1);
        Origin.Post(_random.Next(8));
        Ask(Position.None);
    }

    public OriginModel Origin { get; }

    public EdgeRoom Edge { get; }

    public IReadOnlyList<ViewerModel> Viewers => _viewers;

    /// <summary>How likely it is that a new origin knows how the epoch before ended.</summary>
    public double EndIsKnown { get; init; } = 1;

    /// <summary>How often something is taken back instead of said.</summary>
    public double Recalls { get; init; }

    /// <summary>Called for each viewer that comes in.</summary>
    public Action<Position?, JoinStart> Joined { get; init; } = (_, _) => { };

    public void Run(int steps)
    {
        for (; steps > 0; steps--)
        {
            Step(_random.Next(100));
        }
    }

    /// <summary>Delivers everything, and lets the edge fetch until it misses nothing.</summary>
    public void Settle()
    {
        while (_network.Count > 0)
        {
            DeliverOne();
        }

        if (!Edge.IsAttached && Edge.Top.IsNone)
        {
            Origin.Ask(Position.None).GiveTo(Edge);
        }

        Edge.OnHead(Origin.Head);
        while (Edge.Missing is { } missing)
        {
            var top = Edge.Top;
            Assert.Equal(top, missing.Have);
            Assert.True(missing.Through >= missing.From);
            Origin.Ask(missing.Have).GiveTo(Edge);
            Assert.True(Edge.Top > top, $"fetching what follows {top} led nowhere");
        }

        Take();
    }

    private void Step(int dice)
    {
        switch (dice)
        {
            case < 20: PostAndPublish(); break;
            case < 23: BeginEpoch(); break;
            case < 30: Send(HeadOf(Origin)); break;
            case < 35: PublishAgain(); break;
            case < 70: DeliverOne(); break;
            case < 80: AskForMissing(); break;
            case < 82: Ask(Edge.Top); break;
            case < 95: Take(); break;
            default: Join(); break;
        }
    }

    private void PostAndPublish()
    {
        var from = Origin.All.Count;
        if (from > 0 && Recalls > 0 && _random.NextDouble() < Recalls)
        {
            Origin.Recall(_random.Next(from));
        }
        else
        {
            Origin.Post(_random.Next(1, 9));
        }

        while (from < Origin.All.Count)
        {
            var length = _random.Next(1, 6);
            Publish(from, length);
            from += length;
        }
    }

    private void PublishAgain()
    {
        if (Origin.All.Count > 0)
        {
            Publish(_random.Next(Origin.All.Count), _random.Next(1, 9));
        }
    }

    private void Publish(int from, int length)
    {
        var slice = Origin.Slice(from, length);
        Send(() =>
        {
            Edge.Slice(slice);
            Heard(slice);
        });
    }

    private void BeginEpoch()
    {
        if (Origin.Top.Offset > 0)
        {
            Origin.PostUnkept(_random.Next(3));
            PublishAgain();
        }

        Origin.Begin(Origin.Top.Epoch + _random.Next(1, 4), _random.NextDouble() < EndIsKnown);
        Send(HeadOf(Origin));
    }

    private Action HeadOf(OriginModel origin)
    {
        var head = origin.Head;
        return () => Edge.OnHead(head);
    }

    private void AskForMissing()
    {
        if (Edge.Missing is { } missing)
        {
            Ask(missing.Have);
        }
    }

    private void Ask(Position have)
    {
        var answer = Origin.Ask(have);
        Send(() =>
        {
            answer.GiveTo(Edge);
            answer.Page.ToList().ForEach(Heard);
        });
    }

    /// <summary>From now on nobody here may be sent what is taken back.</summary>
    private void Heard(Batch batch) => _heard.UnionWith(batch.Recalls.OfType<Recall.One>().Select(recall => recall.Target));

    /// <summary>Perhaps not at all, perhaps twice.</summary>
    private void Send(Action message)
    {
        for (var copies = _random.Next(10) switch { < 2 => 0, < 8 => 1, _ => 2 }; copies > 0; copies--)
        {
            _network.Add(message);
        }
    }

    private void DeliverOne()
    {
        if (_network.Count > 0)
        {
            var index = _random.Next(_network.Count);
            var message = _network[index];
            _network.RemoveAt(index);
            message();
        }
    }

    private void Take()
    {
        foreach (var delivery in Edge.Take())
        {
            AssertWithoutRecalled(delivery is Delivery.Comments comments ? [comments.Batch] : []);
            _viewers.ForEach(viewer => viewer.See(delivery));
        }
    }

    private void Join()
    {
        if (!Edge.IsAttached)
        {
            return;
        }

        Take();
        Position? last = _random.Next(4) switch
        {
            0 => null,
            1 when _viewers.Count > 0 => _viewers[_random.Next(_viewers.Count)].Last,
            _ when Origin.All.Count > 0 => Origin.All[_random.Next(Origin.All.Count)].At,
            _ => Edge.Top,
        };
        var start = Edge.Join(last, _random.Next(20));
        Assert.True(start.IsLost || last is null || start.Position == last);
        while (start.HasMore)
        {
            var next = Edge.Join(start.Batches[^1].Last, 0);
            Assert.False(next.IsLost);
            start = next with { Position = start.Position, IsLost = start.IsLost, Batches = [.. start.Batches, .. next.Batches] };
        }

        AssertWithoutRecalled(start.Batches);
        Joined(last, start);
        _viewers.Add(ViewerModel.Join(Origin, start));
    }

    /// <summary>What the edge has heard to be taken back it sends to nobody any more, in whatever order things came to it.</summary>
    private void AssertWithoutRecalled(IEnumerable<Batch> batches)
    {
        foreach (var batch in batches)
        {
            Assert.DoesNotContain(batch.Comments, comment => comment.IsShown && _heard.Contains(new Position(batch.Epoch, comment.Offset)));
        }
    }
}
