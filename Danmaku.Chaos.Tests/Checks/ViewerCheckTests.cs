using Danmaku.Chaos.Checks;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using RoomLog = Danmaku.Chaos.Checks.RoomLog;

namespace Danmaku.Chaos.Tests.Checks;

/// <summary>The room's log is 1:1 to 1:5 and 2:1 to 2:3; post 10·epoch + offset is at each position.</summary>
public class ViewerCheckTests
{
    private const int History = 2;

    private static readonly RoomLog Log = new(
        [.. Enumerable.Range(1, 5).Select(i => At(1, i)), .. Enumerable.Range(1, 3).Select(i => At(2, i))]);

    private static readonly Retention Retention = new(6, TimeSpan.FromDays(1));

    [Fact]
    public void A_viewer_that_saw_everything_over_two_epochs_and_a_reconnect_lost_nothing()
    {
        var finding = Check([Welcome(1, 0), .. Saw(1, 1, 3), Welcome(1, 3), .. Saw(1, 4, 5), .. Saw(2, 1, 3)]);

        Assert.Equal((8, 8), (finding.Expected, finding.Seen));
        IsFlawless(finding);
    }

    [Fact]
    public void Nothing_is_expected_from_before_the_first_welcome()
    {
        var finding = Check([Welcome(1, 4), .. Saw(1, 5, 5), .. Saw(2, 1, 3)]);

        Assert.Equal(4, finding.Expected);
        IsFlawless(finding);
    }

    [Fact]
    public void A_viewer_that_was_never_welcomed_expects_nothing()
    {
        Assert.Equal(0, Check([]).Expected);
    }

    [Fact]
    public void A_hole_is_lost()
    {
        var finding = Check([Welcome(1, 0), .. Saw(1, 1, 2), .. Saw(1, 5, 5), .. Saw(2, 1, 3)]);

        Assert.Equal(new Tally(2, 0), finding.Lost);
        Assert.Contains("never got 1:3", finding.Examples[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_end_of_an_epoch_is_lost()
    {
        Assert.Equal(new Tally(1, 0), Check([Welcome(1, 0), .. Saw(1, 1, 4), .. Saw(2, 1, 3)]).Lost);
    }

    [Fact]
    public void A_missing_end_of_the_log_is_lost()
    {
        Assert.Equal(new Tally(1, 0), Check([Welcome(1, 0), .. Saw(1, 1, 5), .. Saw(2, 1, 2)]).Lost);
    }

    [Fact]
    public void A_welcome_at_a_later_position_without_lost_counts_as_a_loss()
    {
        Assert.Equal(new Tally(2, 0), Check([Welcome(1, 0), .. Saw(1, 1, 3), Welcome(1, 5), .. Saw(2, 1, 3)]).Lost);
    }

    [Fact]
    public void The_same_position_again_is_doubled()
    {
        var finding = Check([Welcome(1, 0), .. Saw(1, 1, 5), .. Saw(1, 5, 5), .. Saw(2, 1, 3)]);

        Assert.Equal(1, finding.Doubled);
        Assert.Equal((0, default), (finding.Reordered, finding.Lost));
    }

    [Fact]
    public void The_same_position_again_is_doubled_after_a_lost_too()
    {
        Assert.Equal(2, Check([Welcome(1, 0), .. Saw(1, 1, 5), Lost(1, 3), .. Saw(1, 4, 5), .. Saw(2, 1, 3)]).Doubled);
    }

    [Fact]
    public void A_late_one_is_reordered_and_not_lost()
    {
        var finding = Check([Welcome(1, 0), .. Saw(1, 1, 2), .. Saw(1, 4, 4), .. Saw(1, 3, 3), .. Saw(1, 5, 5), .. Saw(2, 1, 3)]);

        Assert.Equal(1, finding.Reordered);
        Assert.Equal((0, default), (finding.Doubled, finding.Lost));
    }

    [Fact]
    public void An_older_epoch_after_a_newer_one_is_reordered()
    {
        Assert.Equal(1, Check([Welcome(1, 0), .. Saw(1, 1, 4), .. Saw(2, 1, 1), .. Saw(1, 5, 5), .. Saw(2, 2, 3)]).Reordered);
    }

    [Fact]
    public void Another_danmaku_than_in_the_log_disagrees()
    {
        var finding = Check([Welcome(1, 4), Heard.Danmaku(new(1, 5), 99), .. Saw(2, 1, 2), Heard.Danmaku(new(2, 3), Heard.Foreign)]);

        Assert.Equal(2, finding.Disagreeing);
    }

    [Fact]
    public void A_danmaku_that_is_not_in_the_log_is_a_phantom()
    {
        Assert.Equal(new Tally(1, 0), Check([Welcome(1, 0), .. Saw(1, 1, 6), .. Saw(2, 1, 3)]).Phantoms);
    }

    [Fact]
    public void Danmaku_announced_as_skipped_are_not_expected()
    {
        var finding = Check([Welcome(1, 0), .. Saw(1, 1, 2), Heard.Skipped(new(1, 3), 4), .. Saw(1, 5, 5), .. Saw(2, 1, 3)]);

        Assert.Equal((2, 6), (finding.Skipped, finding.Expected));
        IsFlawless(finding);
    }

    [Fact]
    public void A_hole_before_a_skipped_range_is_lost()
    {
        Assert.Equal(new Tally(1, 0), Check([Welcome(1, 0), .. Saw(1, 1, 2), Heard.Skipped(new(1, 4), 5), .. Saw(2, 1, 3)]).Lost);
    }

    [Fact]
    public void An_unjustified_lost_is_found_and_its_range_is_not_expected()
    {
        var finding = Check([Welcome(1, 0), .. Saw(1, 1, 3), Lost(2, 1), .. Saw(2, 2, 3)]);

        Assert.Equal(new LostNotice(new(1, 3), new(2, 1), 3, null), Assert.Single(finding.Notices));
        Assert.Equal((default, 5), (finding.Lost, finding.Expected));
    }

    [Fact]
    public void A_lost_over_nothing_is_not_justified_either()
    {
        Assert.Null(Assert.Single(Check([Welcome(1, 0), .. Saw(1, 1, 5), Lost(2, 0), .. Saw(2, 1, 3)]).Notices).WhyJustified);
    }

    [Fact]
    public void A_lost_over_as_much_as_is_kept_is_justified()
    {
        var notice = Assert.Single(Check([Welcome(1, 0), .. Saw(1, 1, 1), Lost(1, 5), .. Saw(2, 1, 3)]).Notices);

        Assert.Equal((4, "retention"), (notice.Missed, notice.WhyJustified));
    }

    [Fact]
    public void A_lost_after_an_epoch_that_ended_openly_is_justified()
    {
        var open = new OpenEnds([(new(1, 4), true), (new(1, 6), false)]);

        var finding = Check([Welcome(1, 0), .. Saw(1, 1, 6), Lost(2, 0), .. Saw(2, 1, 3)], open);

        Assert.NotNull(Assert.Single(finding.Notices).WhyJustified);
        Assert.Equal(new Tally(0, 1), finding.Phantoms);
        Assert.Equal((8, default), (finding.Expected, finding.Lost));
    }

    [Fact]
    public void The_open_end_of_an_epoch_may_be_gone_but_not_a_part_of_it()
    {
        var open = new OpenEnds([(new(1, 2), true), (new(1, 3), false)]);

        Assert.Equal(new Tally(0, 2), Check([Welcome(1, 0), .. Saw(1, 1, 3), .. Saw(2, 1, 3)], open).Lost);
        Assert.Equal(new Tally(1, 0), Check([Welcome(1, 0), .. Saw(1, 1, 3), .. Saw(1, 5, 5), .. Saw(2, 1, 3)], open).Lost);
    }

    [Fact]
    public void Even_where_nothing_is_durable_a_lost_within_an_epoch_must_be_justified()
    {
        Assert.Null(Assert.Single(Check([Welcome(1, 0), .. Saw(1, 1, 2), Lost(1, 4)], OpenEnds.Everything).Notices).WhyJustified);
        Assert.NotNull(Assert.Single(Check([Welcome(1, 0), .. Saw(1, 1, 2), Lost(2, 0)], OpenEnds.Everything).Notices).WhyJustified);
    }

    private static void IsFlawless(ViewerFinding finding)
    {
        Assert.Equal((default, 0, 0, 0, default), (finding.Lost, finding.Doubled, finding.Reordered, finding.Disagreeing, finding.Phantoms));
        Assert.Empty(finding.Notices);
        Assert.Empty(finding.Examples);
    }

    private static ViewerFinding Check(IReadOnlyList<Heard> life, OpenEnds? open = null) =>
        new ViewerCheck(Log, open ?? new OpenEnds([]), Retention, History).Check("Somebody", life);

    private static Heard Welcome(long epoch, long offset) => Heard.Welcome(new(epoch, offset));

    private static Heard Lost(long epoch, long offset) => Heard.Lost(new(epoch, offset));

    private static IEnumerable<Heard> Saw(int epoch, int from, int through) => Enumerable.Range(from, through - from + 1)
        .Select(offset => At(epoch, offset))
        .Select(entry => Heard.Danmaku(entry.Position, entry.Post));

    private static (Position Position, int Post) At(int epoch, int offset) => (new Position(epoch, offset), 10 * epoch + offset);
}
