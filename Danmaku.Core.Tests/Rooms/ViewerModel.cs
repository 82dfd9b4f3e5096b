using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Tests.Rooms;

/// <summary>What one viewer sees, held against what the origins know: one order, once, never silently incomplete.</summary>
internal sealed class ViewerModel(OriginModel origin, Position start)
{
    /// <summary>The position that it has.</summary>
    public Position Last { get; private set; } = start;

    /// <summary>Where its stream began.</summary>
    public Position Start { get; } = start;

    /// <summary>How often it was told, while it was here, that something may be missing.</summary>
    public int Losses { get; private set; }

    /// <summary>What it was shown, in order.</summary>
    public List<Position> Seen { get; } = [];

    /// <summary>What is on its screen, as a client keeps it: without what was taken back, and empty after a loss.</summary>
    public HashSet<Position> Screen { get; } = [];

    public static ViewerModel Join(OriginModel origin, JoinStart start)
    {
        var viewer = new ViewerModel(origin, start.Position);
        foreach (var batch in start.Batches)
        {
            viewer.See(batch);
        }

        return viewer;
    }

    public void See(Delivery delivery)
    {
        if (delivery is Delivery.Comments comments)
        {
            See(comments.Batch);
            return;
        }

        var lost = Assert.IsType<Delivery.Lost>(delivery);
        Assert.True(lost.Position >= Last, $"sent back from {Last} to {lost.Position}");
        Last = lost.Position;
        Losses++;
        Screen.Clear();
    }

    private void See(Batch batch)
    {
        Assert.NotEmpty(batch.Comments);
        if (batch.First.Offset == 1)
        {
            Assert.Equal(origin.PreviousOf(batch.Epoch), batch.Previous);
        }

        foreach (var comment in batch.Comments)
        {
            var at = new Position(batch.Epoch, comment.Offset);
            Show(at, comment);
            Assert.True(IsNext(at), $"{at} does not follow {Last}");
            Last = at;
            Seen.Add(at);
        }
    }

    /// <summary>
    /// Whether nothing is between what it has and <paramref name="at"/>, also where a new epoch begins: there it has all that came
    /// before, or even what was published behind the end of the epoch before.
    /// </summary>
    private bool IsNext(Position at) =>
        at == Last.Next
        || (at > Last && at.Offset == 1 && origin.PreviousOf(at.Epoch) is { IsNone: false } previous && previous <= Last);

    private void Show(Position at, Comment comment)
    {
        if (comment.Recall is Recall.One recall)
        {
            Screen.Remove(recall.Target);
        }
        else if (comment.IsShown || !origin.IsRecalled(at))
        {
            Assert.Equal($"{at}", comment.Text);
            Screen.Add(at);
        }
    }
}
