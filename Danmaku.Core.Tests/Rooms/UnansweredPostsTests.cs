using Danmaku.Core.Limits;
using Danmaku.Core.Rooms;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Rooms;

public class UnansweredPostsTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);
    private static readonly Position At = new(7, 1);

    private readonly ManualTimeProvider _time = new();
    private readonly SharedBudget _shared = new(3);
    private readonly UnansweredPosts _posts;

    public UnansweredPostsTests() => _posts = new UnansweredPosts(2, Deadline, _shared, _time);

    [Fact]
    public void It_is_full_with_as_many_as_one_connection_may_have()
    {
        _posts.Add(Id(1), 100);
        Assert.False(_posts.IsFull);

        _posts.Add(Id(2), 100);

        Assert.True(_posts.IsFull);
        Assert.True(_posts.Forget(Id(1)));
        Assert.False(_posts.IsFull);
    }

    [Fact]
    public void It_is_full_with_as_many_as_all_connections_may_have()
    {
        var others = new UnansweredPosts(9, Deadline, _shared, _time);
        others.Add(Id(1), 100);
        others.Add(Id(2), 100);
        others.Add(Id(3), 100);
        Assert.True(_posts.IsFull);

        others.Clear();

        Assert.False(_posts.IsFull);
        Assert.Equal(0, others.Count);
    }

    [Fact]
    public void Whatever_answers_a_post_gives_its_place_back_once()
    {
        var only = new SharedBudget(1);
        var posts = new UnansweredPosts(9, Deadline, only, _time);
        Action[] answers =
        [
            () => posts.Forget(Id(1)),
            () => posts.Refuse(Id(1), 100),
            () => posts.Accept(Id(1), At, isDurable: true),
            () => posts.Accept(Id(1), At, isDurable: false),
            () => posts.TakeOverdue(),
            posts.Clear,
        ];

        foreach (var answer in answers)
        {
            posts.Add(Id(1), 100);
            posts.Add(Id(1), 200);
            posts.Add(Id(1), 100);
            _time.Advance(Deadline);
            Assert.True(only.IsFull);

            answer();
            answer();

            Assert.False(only.IsFull);
            only.Add(1);
            Assert.True(only.IsFull);
            only.Add(-1);
        }
    }

    [Fact]
    public void A_refusal_of_the_first_copy_is_no_answer_to_the_second()
    {
        _posts.Add(Id(1), 100);
        _posts.Add(Id(1), 200);

        Assert.False(_posts.Refuse(Id(1), 100));
        Assert.Equal(1, _posts.Count);
        Assert.True(_posts.Refuse(Id(1), 200));
        Assert.False(_posts.Refuse(Id(1), 200));
    }

    [Fact]
    public void A_post_that_the_store_has_is_acknowledged_once()
    {
        _posts.Add(Id(1), 100);

        Assert.Equal(Acknowledgement.First, _posts.Accept(Id(1), At, isDurable: true));
        Assert.Equal(Acknowledgement.None, _posts.Accept(Id(1), At, isDurable: true));
    }

    [Fact]
    public void A_post_that_the_store_gets_later_is_acknowledged_twice()
    {
        _posts.Add(Id(1), 100);

        Assert.Equal(Acknowledgement.First, _posts.Accept(Id(1), At, isDurable: false));
        Assert.Equal(Acknowledgement.None, _posts.Accept(Id(1), At, isDurable: false));
        Assert.Equal(Acknowledgement.Second, _posts.Accept(Id(1), At, isDurable: true));
        Assert.Equal(Acknowledgement.None, _posts.Accept(Id(1), At, isDurable: true));
    }

    [Fact]
    public void Of_too_many_that_the_store_does_not_have_the_oldest_are_forgotten()
    {
        for (var id = 1; id <= UnansweredPosts.MaxUnsaved + 1; id++)
        {
            _posts.Add(Id(id), 100);
            _posts.Accept(Id(id), At, isDurable: false);
        }

        Assert.Equal(Acknowledgement.None, _posts.Accept(Id(1), At, isDurable: true));
        Assert.Equal(Acknowledgement.Second, _posts.Accept(Id(2), At, isDurable: true));
    }

    [Fact]
    public void Nobody_is_told_of_a_post_that_nobody_made()
    {
        Assert.Equal(Acknowledgement.None, _posts.Accept(Id(1), At, isDurable: true));
        Assert.False(_posts.Refuse(Id(1), 100));
        Assert.False(_posts.Forget(Id(1)));
    }

    [Fact]
    public void What_is_not_answered_in_time_is_overdue_one_after_the_other()
    {
        Assert.Null(_posts.UntilOverdue);
        _posts.Add(Id(1), 100);
        _time.Advance(TimeSpan.FromSeconds(2));
        _posts.Add(Id(2), 100);
        Assert.Equal(TimeSpan.FromSeconds(3), _posts.UntilOverdue);

        _time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(Id(1), _posts.TakeOverdue());
        Assert.Null(_posts.TakeOverdue());
        Assert.Equal(TimeSpan.FromSeconds(2), _posts.UntilOverdue);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(TimeSpan.Zero, _posts.UntilOverdue);
        Assert.Equal(Id(2), _posts.TakeOverdue());
        Assert.Null(_posts.UntilOverdue);
    }

    [Fact]
    public void A_copy_has_the_whole_time_again()
    {
        _posts.Add(Id(1), 100);
        _time.Advance(TimeSpan.FromSeconds(4));
        _posts.Add(Id(1), 200);

        Assert.Equal(Deadline, _posts.UntilOverdue);
    }

    private static PostId Id(int id) => new((UInt128)id);
}
