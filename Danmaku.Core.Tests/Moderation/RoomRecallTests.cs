using Danmaku.Core.Identities;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Moderation;

/// <summary>A moderator takes something back in a room on its origin.</summary>
public class RoomRecallTests
{
    private const long Epoch = 1_790_000_000_000;

    private static readonly UserId Mei = new UserId([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    private static readonly UserId Kai = new UserId([2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);

    private readonly ManualTimeProvider _time = new();
    private readonly Room _room;
    private uint _id;

    public RoomRecallTests() => _room = new Room(RoomOpening.First(Epoch), RoomLimits.Default with { PostsPerSecond = 5 }, _time);

    [Fact]
    public void A_recall_is_an_entry_of_its_own_and_what_it_names_stays_as_a_placeholder()
    {
        SaidAndSaved("a", "b", "c");

        var recall = Accepted(Recalling(new Recall.One(At(2))));
        _room.Saved(4);

        Assert.Equal(At(4), recall);
        Assert.Equal(["a", "", "c", ""], Everything());
        var batch = Assert.Single(_room.TakePublished());
        Assert.Equal([new Recall.One(At(2))], batch.Recalls);
        Assert.Equal(At(4), batch.First);
    }

    [Fact]
    public void What_is_recalled_before_it_is_stored_is_never_published()
    {
        Accepted(Say("a"));
        Accepted(Say("b"));
        Accepted(Recalling(new Recall.One(At(1))));

        _room.Saved(3);

        Assert.Equal(["", "b", ""], Assert.Single(_room.TakePublished()).Comments.Select(comment => comment.Text));
        Assert.Equal(["", "b", ""], Everything());
    }

    [Fact]
    public void A_recall_of_a_person_covers_what_that_person_said_since_then_and_before_the_recall()
    {
        Accepted(Say("too early", Mei));
        _time.Advance(TimeSpan.FromMinutes(1));
        var since = _time.Now;
        Accepted(Say("Mei's", Mei));
        Accepted(Say("Kai's", Kai));
        Accepted(Recalling(new Recall.Person(Mei, since)));
        Accepted(Say("later", Mei));

        _room.Saved(5);

        Assert.Equal(["too early", "", "Kai's", "", "later"], Everything());
    }

    [Fact]
    public void A_recall_of_everything_covers_all_that_was_said_before_it()
    {
        SaidAndSaved("a", "b");
        Accepted(Say("not yet stored"));
        Accepted(Recalling(Recall.Everything.Instance));
        Accepted(Say("after"));

        _room.Saved(5);

        Assert.Equal(["", "", "", "", "after"], Everything());
    }

    [Theory]
    [InlineData(Role.Viewer)]
    [InlineData(Role.Trusted)]
    public void The_origin_refuses_a_recall_by_somebody_who_is_no_moderator(Role role)
    {
        SaidAndSaved("a");

        var refused = _room.Post(Recalling(new Recall.One(At(1))) with { Role = role });

        Assert.Equal(new PostResult.Rejected(RejectReason.Forbidden, null), refused);
        Assert.Equal(["a"], Everything());
        Assert.Equal(0, _room.Unsaved);
    }

    [Fact]
    public void What_nobody_has_said_yet_cannot_be_recalled()
    {
        SaidAndSaved("a");

        Assert.Equal(new PostResult.Rejected(RejectReason.NotFound, null), _room.Post(Recalling(new Recall.One(At(2)))));
        Assert.Equal(new PostResult.Rejected(RejectReason.NotFound, null), _room.Post(Recalling(new Recall.One(new Position(Epoch + 1, 1)))));
    }

    [Fact]
    public void A_second_recall_changes_nothing_and_a_recall_is_not_recalled()
    {
        SaidAndSaved("a");
        Accepted(Recalling(new Recall.One(At(1))));
        Accepted(Recalling(new Recall.One(At(1))));
        Accepted(Recalling(new Recall.One(At(2))));

        _room.Saved(4);

        Assert.Equal([new Recall.One(At(1)), new Recall.One(At(1)), new Recall.One(At(2))], Page().SelectMany(batch => batch.Recalls));
    }

    [Fact]
    public void A_recall_that_is_sent_again_gets_the_position_it_has()
    {
        SaidAndSaved("a");
        var recall = Recalling(new Recall.One(At(1)));
        Accepted(recall);

        Assert.Equal(At(2), Assert.IsType<PostResult.Repeated>(_room.Post(recall)).Position);
    }

    [Fact]
    public void A_recalled_post_that_is_sent_again_gets_its_old_position_and_shows_nothing()
    {
        var post = Say("a");
        Accepted(post);
        Accepted(Recalling(new Recall.One(At(1))));
        _room.Saved(2);

        Assert.Equal(At(1), Assert.IsType<PostResult.Repeated>(_room.Post(post)).Position);
        Assert.Equal(["", ""], Everything());
    }

    [Fact]
    public void A_moderator_gets_through_in_a_room_that_is_full()
    {
        SaidAndSaved("a", "b", "c", "d", "e");
        Assert.Equal(RejectReason.RoomBusy, Assert.IsType<PostResult.Rejected>(_room.Post(Say("f"))).Reason);

        Accepted(Recalling(Recall.Everything.Instance));
    }

    [Fact]
    public void With_the_store_away_a_recall_is_shown_as_late_as_a_post()
    {
        SaidAndSaved("a");
        _room.TakePublished();
        Accepted(Recalling(new Recall.One(At(1))));
        Assert.Equal(["a"], Everything());

        _time.Advance(RoomLimits.Default.StoreTimeout);
        _room.GoAhead();

        Assert.Equal(["", ""], Everything());
        Assert.Single(_room.TakePublished());
    }

    [Fact]
    public void A_page_that_was_read_before_the_recall_was_stored_comes_without_what_was_recalled()
    {
        SaidAndSaved("a", "b");
        var page = Page();
        Accepted(Recalling(new Recall.One(At(1))));

        Assert.Equal(["", "b"], _room.WithoutRecalled(page).SelectMany(batch => batch.Comments).Select(comment => comment.Text));
    }

    [Fact]
    public void Every_danmaku_says_who_said_it_and_what_that_person_was()
    {
        Accepted(Say("a", Mei) with { Role = Role.Host });
        _room.Saved(1);

        var comment = Page().Single().Comments.Single();

        Assert.Equal((Mei, Role.Host), (comment.User, comment.Role));
    }

    private static Position At(long offset) => new(Epoch, offset);

    private Post Say(string text, UserId user = default) =>
        new(new PostId(++_id), "Mei", text, CommentStyle.Default, null, _time.Now + 5000) { User = user };

    private Post Recalling(Recall recall) => Say("") with { Author = "", Recall = recall, Role = Role.Moderator };

    private Position Accepted(Post post) => Assert.IsType<PostResult.Accepted>(_room.Post(post)).Position;

    private void SaidAndSaved(params string[] texts)
    {
        foreach (var text in texts)
        {
            _room.Saved(Accepted(Say(text)).Offset);
        }

        _room.TakePublished();
    }

    private IReadOnlyList<Batch> Page() => Assert.IsType<RangeResult.Found>(_room.Read(At(0))).Page;

    private IEnumerable<string> Everything() => Page().SelectMany(batch => batch.Comments).Select(comment => comment.Text);
}
