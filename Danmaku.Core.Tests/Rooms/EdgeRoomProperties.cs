using Danmaku.Core.Rooms;
using FsCheck;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Rooms;

/// <summary>Whatever the network does, an edge gives its viewers one order, once, and never with a silent hole.</summary>
public class EdgeRoomProperties
{
    [Property(MaxTest = 400)]
    public void No_viewer_misses_danmaku_or_is_told_lost_while_origins_keep_everything(DoNotSize<int> seed)
    {
        var script = new EdgeRoomScript(seed.Item, new OriginModel(), RoomLimits.Default);

        script.Run(300);
        script.Settle();

        AssertComplete(script);
        Assert.All(script.Viewers, viewer => AssertSawAll(script.Origin, viewer));
    }

    [Property(MaxTest = 300)]
    public void A_viewer_that_comes_back_is_lost_only_if_it_left_before_what_the_edge_has_or_is_ahead_of_it(DoNotSize<int> seed)
    {
        EdgeRoomScript? script = null;
        Position? start = null;
        script = new EdgeRoomScript(seed.Item, new OriginModel(), RoomLimits.Default)
        {
            Joined = (last, join) =>
            {
                start ??= script!.Edge.Join(null, int.MaxValue).Position;

                // Not the other way round: one that saw the end of the epoch before what the edge has misses nothing.
                Assert.True(!join.IsLost || last < start || script!.Edge.IsBehind(last));
            },
        };

        script.Run(300);
        script.Settle();

        AssertComplete(script);
    }

    [Property(MaxTest = 400)]
    public void Every_viewer_goes_on_in_order_or_is_told_lost_when_origins_forget(DoNotSize<int> seed)
    {
        var random = new Random(seed.Item);
        var origin = new OriginModel { Kept = random.Next(1, 30), PageSize = random.Next(1, 8) };
        var limits = RoomLimits.Default with { HistoryComments = random.Next(1, 40), PageBytes = random.Next(1, 1000) };
        var script = new EdgeRoomScript(seed.Item, origin, limits) { EndIsKnown = 0.5 };

        script.Run(300);
        script.Settle();

        AssertComplete(script);
    }

    [Property(MaxTest = 400)]
    public void What_is_taken_back_is_on_no_screen_in_the_end_and_leaves_no_hole(DoNotSize<int> seed)
    {
        var random = new Random(seed.Item);
        var origin = new OriginModel { Kept = random.Next(2) == 0 ? int.MaxValue : random.Next(1, 30), PageSize = random.Next(1, 8) };
        var limits = RoomLimits.Default with { MaxHeld = random.Next(1, 100), HistoryComments = random.Next(1, 100) };
        var script = new EdgeRoomScript(seed.Item, origin, limits) { Recalls = 0.4 };

        script.Run(300);
        script.Settle();

        AssertComplete(script);
        Assert.All(script.Viewers, viewer => Assert.DoesNotContain(viewer.Screen, script.Origin.IsRecalled));
    }

    [Property(MaxTest = 300)]
    public void An_edge_that_may_hold_back_very_little_still_gets_everything(DoNotSize<int> seed)
    {
        var limits = RoomLimits.Default with { MaxHeld = new Random(seed.Item).Next(1, 4) };
        var script = new EdgeRoomScript(seed.Item, new OriginModel(), limits);

        script.Run(300);
        script.Settle();

        AssertComplete(script);
        Assert.All(script.Viewers, viewer => AssertSawAll(script.Origin, viewer));
    }

    [Property(MaxTest = 200)]
    public void A_settled_edge_ignores_late_messages(DoNotSize<int> seed)
    {
        var script = new EdgeRoomScript(seed.Item, new OriginModel(), RoomLimits.Default);
        script.Run(200);
        script.Settle();

        for (var i = 0; i < script.Origin.All.Count; i++)
        {
            script.Edge.Slice(script.Origin.Slice(i, 3));
            script.Origin.Ask(script.Origin.All[i].At).GiveTo(script.Edge);
        }

        Assert.False(script.Edge.HasReady);
        Assert.Null(script.Edge.Missing);
    }

    private static void AssertComplete(EdgeRoomScript script)
    {
        Assert.Equal(script.Origin.Top, script.Edge.Top);
        Assert.False(script.Edge.HasReady);
        if (script.Origin.All is [.., var newest])
        {
            Assert.All(script.Viewers, viewer => Assert.True(viewer.Last >= newest.At, $"{viewer.Last} is not {newest.At}"));
        }
    }

    private static void AssertSawAll(OriginModel origin, ViewerModel viewer)
    {
        var expected = origin.All.Select(entry => entry.At).Where(at => at > viewer.Start);
        Assert.Equal(0, viewer.Losses);
        Assert.Equal(expected, viewer.Seen.Where(at => origin.Unkept(at) is null));
    }
}
