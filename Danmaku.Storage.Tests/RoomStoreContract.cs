using Danmaku.Core.Identities;
using Danmaku.Core.Moderation;
using Danmaku.Core.Rooms;
using Danmaku.Core.Segments;
using Danmaku.Core.Storage;
using static Danmaku.Storage.Tests.Some;

namespace Danmaku.Storage.Tests;

/// <summary>What <see cref="IRoomStore"/> promises, of every store alike.</summary>
public abstract class RoomStoreContract : IAsyncLifetime
{
    /// <summary>What a database has.</summary>
    protected static readonly string[] Tables = ["store", "rooms", "epochs", "log", "revisions", "secrets"];

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly List<IRoomStore> _stores = [];

    public virtual Task InitializeAsync() => Task.CompletedTask;

    public virtual async Task DisposeAsync()
    {
        foreach (var store in _stores)
        {
            await store.DisposeAsync();
        }
    }

    /// <summary>Whether the store says what the latest time in it is.</summary>
    protected virtual bool KeepsNewest => true;

    /// <summary>Opens the test's store; a store that outlives its process is opened again with what it had.</summary>
    protected abstract Task<IRoomStore> OpenStoreAsync();

    /// <summary>A store that is disposed with the test.</summary>
    protected async Task<IRoomStore> StoreAsync()
    {
        var store = await OpenStoreAsync();
        _stores.Add(store);
        return store;
    }

    [SkippableFact]
    public async Task An_identity_is_32_hexadecimal_digits()
    {
        var store = await StoreAsync();

        Assert.Matches("^[0-9a-f]{32}$", store.Identity.Id);
        Assert.True(store.Lanes >= 1);
    }

    [SkippableFact]
    public async Task A_room_that_opens_for_the_first_time_has_nothing()
    {
        var store = await StoreAsync();

        var opening = await store.OpenAsync(Lobby);

        Assert.Equal(Now, opening.Epoch);
        Assert.Equal(Position.None, opening.Previous);
        Assert.Equal(0, opening.LastTime);
        Assert.Equal(new Position(Now, 0), opening.Start);
        Assert.Empty(opening.History);
        Assert.Empty(opening.Posts);
    }

    [SkippableTheory]
    [InlineData(0, 5, 0, 6)]
    [InlineData(0, 5, 100, 100)]
    [InlineData(7, 5, 0, 8)]
    [InlineData(7, 5, 3, 8)]
    public async Task A_new_epoch_is_later_than_all_known_ones_and_not_before_now(
        long known, long stored, long now, long epoch)
    {
        var store = await StoreAsync();
        Assert.Equal(stored, (await store.OpenAsync(Lobby, Request(now: stored))).Epoch);

        Assert.Equal(epoch, (await store.OpenAsync(Lobby, Request(now: now, known: known))).Epoch);
    }

    [SkippableFact]
    public async Task Epochs_in_which_nothing_was_said_leave_no_trace()
    {
        var store = await StoreAsync();
        var first = await store.OpenAsync(Lobby, Request(now: 1));
        var second = await store.OpenAsync(Lobby, Request(now: 2));
        var third = await store.OpenAsync(Lobby, Request(now: 3));
        await store.AppendAsync(Append(Lobby, 3, 1, 2));
        await store.OpenAsync(Lobby, Request(now: 4));
        var fifth = await store.OpenAsync(Lobby, Request(now: 5));
        await store.AppendAsync(Append(Lobby, 5, 1, 1));

        var read = await store.ReadAsync(Lobby, new Position(1, 0));

        Assert.Equal(Position.None, first.Previous);
        Assert.Equal(new Position(1, 0), second.Previous);
        Assert.Equal(new Position(1, 0), second.Start);
        Assert.Equal(new Position(1, 0), third.Previous);
        Assert.Equal(new Position(3, 2), fifth.Previous);
        Assert.Equal([(3, new Position(1, 0)), (5, new Position(3, 2))], read!.Select(batch => (batch.Epoch, batch.Previous)));
        Assert.Equal(["3:1", "3:2", "5:1"], read!.Texts());
    }

    [SkippableFact]
    public async Task A_room_opens_with_its_danmaku_and_post_ids()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 2, time: 1000));
        await store.OpenAsync(Lobby, Request(now: 2));
        await store.AppendAsync(Append(Lobby, 2, 1, 1, time: 2000));
        await store.AppendAsync(Append(Lobby, 2, 2, 3, time: 3000));

        var opening = await store.OpenAsync(Lobby, Request(now: 3, idsSince: 2000));

        Assert.Equal(["1:1", "1:2", "2:1", "2:2", "2:3"], opening.History.Texts());
        Assert.Equal([Position.None, new Position(1, 2)], opening.History.Select(batch => batch.Previous));
        Assert.Equal(new Position(1, 0), opening.Start);
        Assert.Equal(new Position(2, 3), opening.Previous);
        Assert.Equal(3000, opening.LastTime);
        (PostId, Position, long)[] posts =
            [(Id(2, 1), new(2, 1), 2000), (Id(2, 2), new(2, 2), 3000), (Id(2, 3), new(2, 3), 3000)];
        Assert.Equal(posts, opening.Posts);
    }

    [SkippableTheory]
    [InlineData(0, 2, 2)]
    [InlineData(1, 2, 1)]
    [InlineData(2, 1, 3)]
    [InlineData(3, 1, 2)]
    [InlineData(5, 1, 0)]
    [InlineData(9, 1, 0)]
    public async Task A_history_that_is_cut_starts_directly_before_its_first(int history, long startEpoch, long startOffset)
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 3));
        await store.OpenAsync(Lobby, Request(now: 2));
        await store.AppendAsync(Append(Lobby, 2, 1, 2));

        var opening = await store.OpenAsync(Lobby, Request(now: 3, history: history));

        Assert.Equal(Math.Min(5, history), opening.History.Texts().Count());
        Assert.Equal(new Position(startEpoch, startOffset), opening.Start);
    }

    [SkippableFact]
    public async Task An_owner_whose_clock_is_ahead_gets_the_ids_of_the_rooms_own_last_time()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 1, time: 1000));
        await store.AppendAsync(Append(Lobby, 1, 2, 2, time: 1001));
        await store.AppendAsync(Append(Lobby, 1, 3, 3, time: 2000));

        var ahead = await store.OpenAsync(Lobby, Request(now: 900_999, idsSince: 900_000));
        var behind = await store.OpenAsync(Lobby, Request(now: 1500, idsSince: 1000));

        Assert.Equal([Id(1, 2), Id(1, 3)], ahead.Posts.Select(post => post.Id));
        Assert.Equal([Id(1, 1), Id(1, 2), Id(1, 3)], behind.Posts.Select(post => post.Id));
    }

    [SkippableFact]
    public async Task Of_too_many_ids_the_newest_are_given()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 9));

        var opening = await store.OpenAsync(Lobby, Request(maxIds: 2));

        Assert.Equal([Id(1, 8), Id(1, 9)], opening.Posts.Select(post => post.Id));
    }

    [SkippableFact]
    public async Task Everything_about_a_danmaku_comes_back()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        Comment[] comments =
        [
            new(1, Now, "名前", "前方高能!🚀👨‍👩‍👧", new(CommentMode.Reverse, 0xfedcba, CommentSize.Large), 123_456_789_012),
            new(2, Now, "O'Brien", "'; DROP TABLE log; -- \"\\ $1 {} %s", new(CommentMode.Top, 0, CommentSize.Small), 0),
            new(3, Now + 1, "c", string.Concat(Enumerable.Repeat("𠮷", 1000)), CommentStyle.Default, null),
        ];
        PostId[] ids = [new(UInt128.MaxValue), new(1), new((UInt128)1 << 127)];
        Assert.True(await store.AppendAsync(new RoomAppend(Lobby, 1, [.. ids.Zip(comments)])));

        var opening = await store.OpenAsync(Lobby);
        var read = await store.ReadAsync(Lobby, new Position(1, 0));

        Assert.Equal(comments, opening.History.Single().Comments);
        Assert.Equal(comments, read!.Single().Comments);
        Assert.Equal(ids, opening.Posts.Select(post => post.Id));
    }

    [SkippableFact]
    public async Task Appending_again_changes_nothing()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        Assert.True(await store.AppendAsync(Append(Lobby, 1, 1, 3, time: 1000)));
        Assert.True(await store.AppendAsync(Append(Lobby, 1, 4, 4, time: 2000)));

        Assert.True(await store.AppendAsync(Append(Lobby, 1, 1, 3, time: 1000)));

        var opening = await store.OpenAsync(Lobby);
        Assert.Equal(["1:1", "1:2", "1:3", "1:4"], opening.History.Texts());
        Assert.Equal(new Position(1, 4), opening.Previous);
        Assert.Equal(2000, opening.LastTime);
    }

    [SkippableFact]
    public async Task Of_an_append_that_is_there_in_part_the_rest_is_added()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 3));

        Assert.True(await store.AppendAsync(Append(Lobby, 1, 1, 6)));

        Assert.Equal(["1:1", "1:2", "1:3", "1:4", "1:5", "1:6"], (await store.ReadAsync(Lobby, new Position(1, 0)))!.Texts());
    }

    [SkippableTheory]
    [InlineData(1, 5)]
    [InlineData(2, 2)]
    [InlineData(2, 4)]
    public async Task A_room_whose_append_does_not_follow_fails_alone_until_it_opens_again(long epoch, long from)
    {
        var store = await StoreAsync();
        var other = RoomId.Parse("other");
        await store.OpenAsync(other, Request(now: 1));
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 3, time: 1000));
        if (epoch > 1)
        {
            await store.OpenAsync(Lobby, Request(now: epoch));
        }

        var kept = await store.AppendAsync([Append(Lobby, epoch, from, from + 1), Append(other, 1, 1, 2)], default);

        Assert.Equal([false, true], kept);
        Assert.Equal(["1:1", "1:2", "1:3"], (await store.ReadAsync(Lobby, new Position(1, 0)))!.Texts());
        Assert.Equal(["1:1", "1:2"], (await store.ReadAsync(other, new Position(1, 0)))!.Texts());
        var opening = await store.OpenAsync(Lobby, Request(now: 9));
        Assert.Equal((9, new Position(1, 3), 1000), (opening.Epoch, opening.Previous, opening.LastTime));
        Assert.True(await store.AppendAsync(Append(Lobby, 9, 1, 1)));
    }

    [SkippableFact]
    public async Task A_malformed_call_is_a_bug_and_writes_nothing()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        var good = Append(Lobby, 1, 1, 1);
        RoomAppend empty = new(Lobby, 1, []);
        RoomAppend hole = new(RoomId.Parse("other"), 1, [.. good.Comments, (Id(1, 3), Comment(1, 3))]);

        await Assert.ThrowsAsync<ArgumentException>(() => store.AppendAsync([good, good], default));
        await Assert.ThrowsAsync<ArgumentException>(() => store.AppendAsync([empty], default));
        await Assert.ThrowsAsync<ArgumentException>(() => store.AppendAsync([good, hole], default));

        Assert.Empty((await store.ReadAsync(Lobby, new Position(1, 0)))!);
    }

    [SkippableFact]
    public async Task An_earlier_owner_cannot_write_any_more()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 1));
        await store.OpenAsync(Lobby, Request(now: 2));

        Assert.False(await store.AppendAsync(Append(Lobby, 1, 2, 2)));
        Assert.False(await store.AppendAsync(Append(Lobby, 1, 1, 1)));
        Assert.True(await store.AppendAsync(Append(Lobby, 2, 1, 1)));

        Assert.Equal(["1:1", "2:1"], (await store.ReadAsync(Lobby, new Position(1, 0)))!.Texts());
    }

    [SkippableFact]
    public async Task Nothing_is_appended_to_a_room_or_epoch_that_never_began()
    {
        var store = await StoreAsync();
        Assert.False(await store.AppendAsync(Append(Lobby, 1, 1, 1)));
        await store.OpenAsync(Lobby, Request(now: 1));

        Assert.False(await store.AppendAsync(Append(Lobby, 2, 1, 1)));

        Assert.Empty((await store.OpenAsync(Lobby)).History);
    }

    [SkippableFact]
    public async Task A_room_with_another_owner_fails_alone()
    {
        var store = await StoreAsync();
        RoomId[] rooms = [.. Enumerable.Range(0, 120).Select(i => RoomId.Parse($"room-{i}"))];
        foreach (var room in rooms)
        {
            await store.OpenAsync(room, Request(now: 1));
        }

        await store.OpenAsync(rooms[7], Request(now: 2));
        var kept = await store.AppendAsync([.. rooms.Reverse().Select(room => Append(room, 1, 1, 2))], default);

        Assert.Equal([.. rooms.Reverse().Select(room => room != rooms[7])], kept);
        foreach (var room in rooms)
        {
            Assert.Equal(room == rooms[7] ? [] : ["1:1", "1:2"], (await store.ReadAsync(room, new Position(1, 0)))!.Texts());
        }
    }

    [SkippableFact]
    public async Task No_append_is_confirmed_that_the_next_owner_does_not_see()
    {
        // A fast machine appends more before the next owner comes than that one asks for.
        const int most = 100_000;
        var store = await StoreAsync();
        for (var round = 0; round < 20; round++)
        {
            var room = RoomId.Parse($"race-{round}");
            await store.OpenAsync(room, Request(now: 1));
            var owner = Task.Run(async () =>
            {
                long confirmed = 0;
                while (confirmed < most && await store.AppendAsync(Append(room, 1, confirmed + 1, confirmed + 1)))
                {
                    confirmed++;
                }

                return confirmed;
            });

            var opening = await Task.Run(() => store.OpenAsync(room, Request(now: 2, history: most)));

            var confirmed = await owner;
            Assert.Equal(confirmed, opening.History.Texts().Count());
            Assert.Equal(new Position(1, confirmed), opening.Previous);
        }
    }

    [SkippableTheory]
    [InlineData(1, int.MaxValue)]
    [InlineData(3, int.MaxValue)]
    [InlineData(1000, 1)]
    [InlineData(1000, 300)]
    [InlineData(1000, 0)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public async Task Pages_put_together_are_the_whole(int maxComments, int maxBytes)
    {
        var store = await StoreAsync();
        for (var epoch = 1; epoch <= 5; epoch++)
        {
            await store.OpenAsync(Lobby, Request(now: epoch));
            await store.AppendAsync(Append(Lobby, epoch, 1, 2 * epoch));
        }

        var texts = new List<string>();
        var at = new Position(1, 0);
        while (await store.ReadAsync(Lobby, at, maxComments, maxBytes) is [.., var last] page)
        {
            Assert.True(page.Texts().Count() <= maxComments);
            Assert.True(page.Texts().Count() == 1 || page.SelectMany(batch => batch.Comments).Sum(comment => (long)comment.Bytes) <= maxBytes);
            texts.AddRange(page.Texts());
            at = last.Last;
        }

        Assert.Equal(new Position(5, 10), at);
        Assert.Equal(Enumerable.Range(1, 5).SelectMany(epoch => Enumerable.Range(1, 2 * epoch).Select(i => $"{epoch}:{i}")), texts);
    }

    [SkippableTheory]
    [InlineData(1, 2, 4)]
    [InlineData(1, 3, 3)]
    [InlineData(1, 9, 3)]
    [InlineData(3, 7, 3)]
    [InlineData(5, 0, 3)]
    [InlineData(5, 1, 2)]
    [InlineData(5, 3, 0)]
    [InlineData(6, 0, 0)]
    [InlineData(1, 0, 6)]
    [InlineData(0, 0, -1)]
    public async Task A_position_at_the_end_of_an_epoch_or_between_two_reads_on(long epoch, long offset, int count)
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 3));
        await store.OpenAsync(Lobby, Request(now: 5));
        await store.AppendAsync(Append(Lobby, 5, 1, 3));

        var read = await store.ReadAsync(Lobby, new Position(epoch, offset));

        Assert.Equal(count, read?.Texts().Count() ?? -1);
    }

    [SkippableFact]
    public async Task Nothing_can_be_read_of_an_unknown_room()
    {
        var store = await StoreAsync();

        Assert.Null(await store.ReadAsync(Lobby, new Position(1, 0)));
    }

    [SkippableFact]
    public async Task Only_the_newest_of_a_room_are_kept()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 4));
        await store.OpenAsync(Lobby, Request(now: 2));
        await store.AppendAsync(Append(Lobby, 2, 1, 2));
        var other = RoomId.Parse("other");
        await store.OpenAsync(other, Request(now: 1));
        await store.AppendAsync(Append(other, 1, 1, 3));

        await store.TrimAllAsync(Newest(3));

        Assert.Null(await store.ReadAsync(Lobby, new Position(1, 2)));
        Assert.Equal(["1:4", "2:1", "2:2"], (await store.ReadAsync(Lobby, new Position(1, 3)))!.Texts());
        Assert.Equal(3, (await store.ReadAsync(other, new Position(1, 0)))!.Texts().Count());
        var opening = await store.OpenAsync(Lobby, Request(now: 3));
        Assert.Equal(["1:4", "2:1", "2:2"], opening.History.Texts());
        Assert.Equal(new Position(1, 3), opening.Start);
    }

    [SkippableFact]
    public async Task Young_danmaku_are_kept_in_any_number_until_they_are_old_enough()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        for (var offset = 1; offset <= 6; offset++)
        {
            await store.AppendAsync(Append(Lobby, 1, offset, offset, time: Now + offset));
        }

        var retention = new Retention(2, 365 * Day) { MinAge = TimeSpan.FromMilliseconds(100) };
        await store.TrimAllAsync(retention, Now + 101);
        Assert.Null(await store.ReadAsync(Lobby, new Position(1, 0)));
        Assert.Equal(5, (await store.ReadAsync(Lobby, new Position(1, 1)))!.Texts().Count());

        await store.TrimAllAsync(retention, Now + 103);
        Assert.Equal([Id(1, 4), Id(1, 5), Id(1, 6)], (await store.OpenAsync(Lobby)).Posts.Select(post => post.Id));

        await store.TrimAllAsync(retention, Now + 1000);
        Assert.Equal([Id(1, 5), Id(1, 6)], (await store.OpenAsync(Lobby)).Posts.Select(post => post.Id));
    }

    [SkippableFact]
    public async Task Many_rooms_with_too_much_that_is_young_are_not_looked_at_again_and_again_and_hold_up_no_other()
    {
        var store = await StoreAsync();
        RoomId[] rooms = [.. Enumerable.Range(0, 600).Select(i => RoomId.Parse($"room-{i}"))];
        await EachAsync(room => store.OpenAsync(room, Request(now: 1)));
        await store.AppendAsync([.. rooms.Select((room, i) => Append(room, 1, 1, 3, time: i % 100 == 99 ? Now - 100 : Now))], default);

        var retention = new Retention(2, 365 * Day) { MinAge = TimeSpan.FromMilliseconds(100) };
        await store.TrimAllAsync(retention, Now);
        Assert.Equal(6, await CountTrimmedAsync());
        await store.TrimAllAsync(retention, Now + 100);
        Assert.Equal(600, await CountTrimmedAsync());

        async Task<int> CountTrimmedAsync() => (await EachAsync(room => store.ReadAsync(room, new Position(1, 0)))).Count(read => read is null);

        async Task<List<T>> EachAsync<T>(Func<RoomId, Task<T>> call)
        {
            var results = new List<T>();
            foreach (var some in rooms.Chunk(10))
            {
                results.AddRange(await Task.WhenAll(some.Select(call)));
            }

            return results;
        }
    }

    [SkippableFact]
    public async Task Old_danmaku_are_deleted_but_the_rooms_position_is_kept()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: Now));
        await store.AppendAsync(Append(Lobby, Now, 1, 2, time: Now));
        await store.AppendAsync(Append(Lobby, Now, 3, 3, time: Now + 10));

        await store.TrimAllAsync(new Retention(100, Day), Now + (long)Day.TotalMilliseconds + 5);
        Assert.Equal([$"{Now}:3"], (await store.ReadAsync(Lobby, new Position(Now, 2)))!.Texts());
        Assert.Null(await store.ReadAsync(Lobby, new Position(Now, 1)));

        await store.OpenAsync(Lobby, Request(now: Now + 11));
        await store.TrimAllAsync(new Retention(100, Day), Now + (long)Day.TotalMilliseconds + 11);
        var opening = await store.OpenAsync(Lobby, Request(now: Now + 12));

        Assert.Empty(opening.History);
        Assert.Empty(opening.Posts);
        Assert.Equal(new Position(Now, 3), opening.Previous);
        Assert.Equal(new Position(Now, 3), opening.Start);
        Assert.Equal(Now + 10, opening.LastTime);
        Assert.Empty((await store.ReadAsync(Lobby, new Position(Now, 3)))!);
        Assert.Null(await store.ReadAsync(Lobby, new Position(Now, 2)));
    }

    [SkippableFact]
    public async Task Danmaku_stamped_by_a_late_clock_wait_for_their_predecessors()
    {
        var store = await StoreAsync();
        await WriteEpochsAsync(store, Now, Now - (long)(8 * Day).TotalMilliseconds, Now + 10);

        await store.TrimAllAsync(new Retention(100, Day), Now + 20);
        Assert.Equal(["1:1", "2:1", "3:1"], (await store.ReadAsync(Lobby, new Position(1, 0)))!.Texts());

        await store.TrimAllAsync(new Retention(100, Day), Now + (long)Day.TotalMilliseconds + 5);
        Assert.Equal(["3:1"], (await store.ReadAsync(Lobby, new Position(2, 1)))!.Texts());
        Assert.Null(await store.ReadAsync(Lobby, new Position(1, 1)));
    }

    [SkippableFact]
    public async Task Danmaku_stamped_by_an_early_clock_are_deleted_with_their_successors()
    {
        var store = await StoreAsync();
        await WriteEpochsAsync(store, Now, Now + (long)(8 * Day).TotalMilliseconds, Now + 10, Now + 20);

        await store.TrimAllAsync(new Retention(100, Day), Now + (long)Day.TotalMilliseconds + 5);
        Assert.Equal(["2:1", "3:1", "4:1"], (await store.ReadAsync(Lobby, new Position(1, 1)))!.Texts());
        Assert.Null(await store.ReadAsync(Lobby, new Position(1, 0)));

        await store.TrimAllAsync(new Retention(100, Day), Now + (long)Day.TotalMilliseconds + 15);
        Assert.Equal(["4:1"], (await store.ReadAsync(Lobby, new Position(3, 1)))!.Texts());
        Assert.Null(await store.ReadAsync(Lobby, new Position(2, 1)));
    }

    [SkippableFact]
    public async Task Danmaku_stamped_by_an_early_clock_are_not_kept_as_young()
    {
        var store = await StoreAsync();
        await WriteEpochsAsync(store, Now, Now + (long)(8 * Day).TotalMilliseconds, Now + 150, Now + (long)(9 * Day).TotalMilliseconds);
        var retention = new Retention(1, 365 * Day) { MinAge = TimeSpan.FromMilliseconds(100) };

        await store.TrimAllAsync(retention, Now + 200);
        Assert.Equal(["3:1", "4:1"], (await store.ReadAsync(Lobby, new Position(2, 1)))!.Texts());
        Assert.Null(await store.ReadAsync(Lobby, new Position(1, 1)));

        await store.TrimAllAsync(retention, Now + 300);
        Assert.Null(await store.ReadAsync(Lobby, new Position(2, 1)));
    }

    [SkippableFact]
    public async Task A_room_goes_on_from_the_time_of_its_last_danmaku_and_the_store_knows_the_latest_of_all()
    {
        var store = await StoreAsync();
        Assert.Null((await store.ReadClockAsync(default)).Newest);
        await WriteEpochsAsync(store, Now + 1000, Now);

        Assert.Equal(Now, (await store.OpenAsync(Lobby)).LastTime);
        Assert.Equal(KeepsNewest ? Now + 1000 : null, (await store.ReadClockAsync(default)).Newest);
    }

    /// <summary>Writes one danmaku in each of the epochs 1, 2 and so on.</summary>
    private static async Task WriteEpochsAsync(IRoomStore store, params long[] times)
    {
        for (var epoch = 1; epoch <= times.Length; epoch++)
        {
            await store.OpenAsync(Lobby, Request(now: epoch));
            await store.AppendAsync(Append(Lobby, epoch, 1, 1, time: times[epoch - 1]));
        }
    }

    [SkippableFact]
    public async Task An_open_room_with_nothing_left_is_written_on_and_the_next_owner_knows_what_it_follows()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: Now));
        await store.AppendAsync(Append(Lobby, Now, 1, 2));
        var later = Now + (long)(29 * Day).TotalMilliseconds;

        await store.TrimAllAsync(new Retention(100, Day), later);

        Assert.Null(await store.ReadAsync(Lobby, new Position(Now, 1)));
        Assert.True(await store.AppendAsync(Append(Lobby, Now, 3, 3, time: later)));
        Assert.Equal(new Position(Now, 3), (await store.OpenAsync(Lobby, Request(now: later))).Previous);
    }

    [SkippableTheory]
    [InlineData(0, 0)]
    [InlineData(0, 20)]
    [InlineData(20, 0)]
    public async Task A_room_that_is_not_opened_or_written_for_long_is_deleted_entirely(int writtenDay, int openedDay)
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: Now));
        await store.AppendAsync(Append(Lobby, Now, 1, 2, time: Now + (long)(writtenDay * Day).TotalMilliseconds));
        var opened = await store.OpenAsync(Lobby, Request(now: Now + (long)(openedDay * Day).TotalMilliseconds));
        var lastKept = Now + (long)((Math.Max(writtenDay, openedDay) + 1) * Day + RoomLog.EmptyRoomAge).TotalMilliseconds;

        await store.TrimAllAsync(new Retention(100, Day), lastKept);
        Assert.Empty((await store.ReadAsync(Lobby, new Position(Now, 2)))!);
        await store.TrimAllAsync(new Retention(100, Day), lastKept + 1);

        Assert.Null(await store.ReadAsync(Lobby, new Position(Now, 2)));
        Assert.False(await store.AppendAsync(Append(Lobby, opened.Epoch, 1, 1)));
        Assert.Equal(Position.None, (await store.OpenAsync(Lobby, Request(now: lastKept))).Previous);
    }

    [SkippableFact]
    public async Task One_trim_forgets_a_part_and_says_that_there_is_more()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        for (var i = 0; i < 10; i++)
        {
            await store.AppendAsync(Append(Lobby, 1, 500 * i + 1, 500 * i + 500));
        }

        var more = await store.TrimAsync(Newest(10), Now, default);

        Assert.True(more);
        Assert.NotNull(await store.ReadAsync(Lobby, new Position(1, 4000)));
        Assert.Null(await store.ReadAsync(Lobby, new Position(1, 1)));
        await store.TrimAllAsync(Newest(10));
        Assert.Equal(10, (await store.ReadAsync(Lobby, new Position(1, 4990)))!.Texts().Count());
        Assert.Null(await store.ReadAsync(Lobby, new Position(1, 4989)));
    }

    [SkippableFact]
    public async Task A_late_repeat_does_not_restore_deleted_danmaku()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 9));
        await store.TrimAllAsync(Newest(2));

        Assert.True(await store.AppendAsync(Append(Lobby, 1, 1, 10)));

        var opening = await store.OpenAsync(Lobby);
        Assert.Equal(["1:8", "1:9", "1:10"], opening.History.Texts());
        Assert.Equal(new Position(1, 7), opening.Start);
    }

    [SkippableFact]
    public async Task A_call_that_was_cancelled_before_does_nothing()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => store.AppendAsync([Append(Lobby, 1, 1, 1)], new CancellationToken(canceled: true)));

        Assert.Empty((await store.ReadAsync(Lobby, new Position(1, 0)))!);
    }

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Any_sequence_of_calls_agrees_with_a_simple_model(int seed)
    {
        var script = new StoreScript(await StoreAsync(), new Random(seed));

        await script.RunAsync(150);
    }

    [SkippableFact]
    public async Task An_extent_says_from_where_to_where_a_room_reaches()
    {
        var store = await StoreAsync();
        Assert.Null(await store.ExtentAsync(Lobby, default));
        await store.OpenAsync(Lobby, Request(now: 1));
        var empty = await store.ExtentAsync(Lobby, default);
        await store.AppendAsync(Append(Lobby, 1, 1, 5));
        await store.OpenAsync(Lobby, Request(now: 2));
        await store.TrimAllAsync(Newest(2));

        var extent = await store.ExtentAsync(Lobby, default);

        Assert.Equal((1, new Position(1, 0), new Position(1, 0)), (empty!.Epoch, empty.Start, empty.Last));
        Assert.Equal((2, new Position(1, 3), new Position(1, 5)), (extent!.Epoch, extent.Start, extent.Last));
        Assert.Empty(extent.Revisions);
    }

    [SkippableFact]
    public async Task Revisions_are_counted_for_each_room()
    {
        var store = await StoreAsync();
        var other = RoomId.Parse("other");
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.OpenAsync(other, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 5));

        var (second, fourth) = (new Position(1, 2), new Position(1, 4));
        Assert.Equal(1, await store.ReviseAsync(Lobby, second, second, default));
        Assert.Equal(2, await store.ReviseAsync(Lobby, fourth, fourth, default));
        Assert.Equal(1, await store.ReviseAsync(other, second, fourth, default));

        Revision[] revisions = [new(1, second, second), new(2, fourth, fourth)];
        Assert.Equal(revisions, (await store.ExtentAsync(Lobby, default))!.Revisions);
    }

    [SkippableFact]
    public async Task A_revision_takes_the_place_of_those_that_it_covers()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 5));
        await store.ReviseAsync(Lobby, new Position(1, 2), new Position(1, 2), default);
        await store.ReviseAsync(Lobby, new Position(1, 4), new Position(1, 4), default);

        var (from, through) = Revision.Everything;
        Assert.Equal(3, await store.ReviseAsync(Lobby, from, through, default));

        Assert.Equal([new Revision(3, from, through)], (await store.ExtentAsync(Lobby, default))!.Revisions);
    }

    [SkippableFact]
    public async Task An_unknown_room_has_no_revisions()
    {
        var store = await StoreAsync();

        Assert.Null(await store.ReviseAsync(Lobby, new Position(1, 1), new Position(1, 1), default));
        await store.OpenAsync(Lobby);

        Assert.Empty((await store.ExtentAsync(Lobby, default))!.Revisions);
    }

    [SkippableFact]
    public async Task Revisions_are_deleted_with_their_danmaku()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 5));
        await store.ReviseAsync(Lobby, new Position(1, 1), new Position(1, 3), default);
        await store.ReviseAsync(Lobby, new Position(1, 2), new Position(1, 4), default);

        await store.TrimAllAsync(Newest(2));

        Assert.Equal([2], (await store.ExtentAsync(Lobby, default))!.Revisions.Select(revision => revision.Number));
        await store.TrimAllAsync(new Retention(1000, Day), Now + (long)(RoomLog.EmptyRoomAge + 3 * Day).TotalMilliseconds);
        Assert.Null(await store.ExtentAsync(Lobby, default));
        await store.OpenAsync(Lobby, Request(now: 1));
        Assert.Empty((await store.ExtentAsync(Lobby, default))!.Revisions);
    }

    [SkippableFact]
    public async Task Concurrent_revisions_each_get_their_own_number()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        var (from, through) = Revision.Everything;

        var numbers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => store.ReviseAsync(Lobby, from, through, default)));

        Assert.Equal(Enumerable.Range(1, 8).Select(number => (long?)number), numbers.Order());
    }

    [SkippableFact]
    public async Task Who_said_something_is_kept()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        var said = Comment(1, 1) with { User = Mei, Role = Role.Host };

        await store.AppendAsync(new RoomAppend(Lobby, 1, [(Id(1, 1), said)]));

        Assert.Equal(said, (await store.ReadAsync(Lobby, new Position(1, 0)))!.Single().Comments.Single());
        Assert.Equal(said, (await store.OpenAsync(Lobby)).History.Single().Comments.Single());
    }

    [SkippableFact]
    public async Task What_is_recalled_is_erased_and_its_place_and_id_stay()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 3));

        Assert.True(await store.AppendAsync(Recalling(1, 4, new Recall.One(new Position(1, 2)))));

        var opening = await store.OpenAsync(Lobby);
        Assert.Equal(["1:1", "", "1:3", ""], opening.History.Texts());
        Assert.Equal(new Comment(2, Now, "", "", CommentStyle.Default, null), opening.History[0].Comments[1]);
        Assert.Equal(new Recall.One(new Position(1, 2)), opening.History[0].Comments[3].Recall);
        Assert.Contains((Id(1, 2), new Position(1, 2), Now), opening.Posts);
    }

    [SkippableFact]
    public async Task All_of_one_person_is_erased_from_a_time_on_up_to_the_recall()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(new RoomAppend(
            Lobby, 1, [Said(1, 1, Mei, Now), Said(1, 2, Mei, Now + 5), Said(1, 3, Kai, Now + 6), Said(1, 4, Mei, Now + 7)]));

        await store.AppendAsync(Recalling(1, 5, new Recall.Person(Mei, Now + 5)));
        await store.AppendAsync(new RoomAppend(Lobby, 1, [Said(1, 6, Mei, Now + 8)]));

        Assert.Equal(["1:1", "", "1:3", "", "", "1:6"], (await store.ReadAsync(Lobby, new Position(1, 0)))!.Texts());
    }

    [SkippableFact]
    public async Task Everything_is_erased_in_this_room_alone_and_recalls_stay()
    {
        var store = await StoreAsync();
        var other = RoomId.Parse("other");
        await store.OpenAsync(other, Request(now: 1));
        await store.AppendAsync(Append(other, 1, 1, 1));
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 2));
        await store.AppendAsync(Recalling(1, 3, new Recall.One(new Position(1, 1))));
        await store.OpenAsync(Lobby, Request(now: 2));

        await store.AppendAsync(Recalling(2, 1, Recall.Everything.Instance));

        var batches = (await store.ReadAsync(Lobby, new Position(1, 0)))!;
        Assert.Equal(["", "", "", ""], batches.Texts());
        Assert.Equal([new Recall.One(new Position(1, 1)), Recall.Everything.Instance], batches.SelectMany(batch => batch.Recalls));
        Assert.Equal(["1:1"], (await store.ReadAsync(other, new Position(1, 0)))!.Texts());
    }

    [SkippableFact]
    public async Task A_recall_and_what_it_takes_back_may_be_of_one_append()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));

        await store.AppendAsync(new RoomAppend(
            Lobby, 1, [(Id(1, 1), Comment(1, 1)), .. Recalling(1, 2, new Recall.One(new Position(1, 1))).Comments, (Id(1, 3), Comment(1, 3))]));

        Assert.Equal(["", "", "1:3"], (await store.ReadAsync(Lobby, new Position(1, 0)))!.Texts());
    }

    [SkippableFact]
    public async Task The_part_of_the_history_that_a_recall_touches_gets_a_new_revision()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(new RoomAppend(Lobby, 1, [Said(1, 1, Kai, Now), Said(1, 2, Mei, Now), Said(1, 3, Kai, Now), Said(1, 4, Mei, Now)]));

        await store.AppendAsync(Recalling(1, 5, new Recall.Person(Mei, 0)));

        Assert.Equal([new Revision(1, new Position(1, 2), new Position(1, 4))], (await store.ExtentAsync(Lobby, default))!.Revisions);
    }

    [SkippableFact]
    public async Task A_recall_that_finds_nothing_revises_nothing_and_repeating_one_neither()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 2));
        var recalling = Recalling(1, 3, new Recall.One(new Position(1, 1)));

        Assert.True(await store.AppendAsync(recalling));
        Assert.True(await store.AppendAsync(recalling));
        Assert.True(await store.AppendAsync(Recalling(1, 4, new Recall.One(new Position(1, 1)))));
        Assert.True(await store.AppendAsync(Recalling(1, 5, new Recall.One(new Position(1, 3)))));
        Assert.True(await store.AppendAsync(Recalling(1, 6, new Recall.One(new Position(9, 9)))));

        Assert.Equal([1], (await store.ExtentAsync(Lobby, default))!.Revisions.Select(revision => revision.Number));
    }

    [SkippableFact]
    public async Task A_recall_of_an_epoch_that_is_over_erases_nothing()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 1));
        await store.OpenAsync(Lobby, Request(now: 2));

        Assert.False(await store.AppendAsync(Recalling(1, 2, Recall.Everything.Instance)));

        Assert.Equal(["1:1"], (await store.ReadAsync(Lobby, new Position(1, 0)))!.Texts());
    }

    [SkippableFact]
    public async Task A_secret_is_made_once_and_each_name_has_its_own()
    {
        var store = await StoreAsync();

        var asked = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => store.SecretAsync("identity", default)));
        var other = await store.SecretAsync("other", default);

        Assert.Single(asked.Select(secret => Convert.ToHexString(secret.Span)).Distinct());
        Assert.Equal((IRoomStore.SecretBytes, IRoomStore.SecretBytes), (asked[0].Length, other.Length));
        Assert.NotEqual(Convert.ToHexString(asked[0].Span), Convert.ToHexString(other.Span));
        Assert.NotEqual(new byte[IRoomStore.SecretBytes], asked[0].ToArray());
    }
}
