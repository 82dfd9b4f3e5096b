using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Storage.Sqlite;
using FsCheck;
using FsCheck.Xunit;
using Microsoft.Data.Sqlite;
using static Danmaku.Storage.Tests.Some;

namespace Danmaku.Storage.Tests;

public sealed class SqliteRoomStoreTests : RoomStoreContract
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), $"danmaku-sqlite-{Guid.NewGuid():n}");

    private string File => Path.Combine(_directory, SqliteRoomStore.FileName);

    public override Task InitializeAsync()
    {
        Directory.CreateDirectory(_directory);
        return Task.CompletedTask;
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    protected override async Task<IRoomStore> OpenStoreAsync() => await SqliteRoomStore.OpenAsync(_directory);

    [Property(MaxTest = 20)]
    public async Task It_agrees_with_the_model(DoNotSize<int> seed)
    {
        // A property is not told when it begins and ends.
        await using (var store = await SqliteRoomStore.OpenAsync(_directory))
        {
            await new StoreScript(store, new Random(seed.Item)).RunAsync(100);
        }

        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task All_is_there_when_it_is_opened_again()
    {
        StoreIdentity identity;
        await using (var store = await SqliteRoomStore.OpenAsync(_directory))
        {
            identity = store.Identity;
            await store.OpenAsync(Lobby, Request(now: 1));
            await store.AppendAsync(Append(Lobby, 1, 1, 3, time: 1000));
        }

        await using var again = await SqliteRoomStore.OpenAsync(_directory);
        var opening = await again.OpenAsync(Lobby, Request(now: 1));

        Assert.Equal(identity, again.Identity);
        Assert.Equal(("sqlite", false), (identity.Kind, identity.IsShared));
        Assert.Equal((2, new Position(1, 3), 1000), (opening.Epoch, opening.Previous, opening.LastTime));
        Assert.Equal(["1:1", "1:2", "1:3"], opening.History.Texts());
        Assert.Equal([Id(1, 1), Id(1, 2), Id(1, 3)], opening.Posts.Select(post => post.Id));
    }

    [Fact]
    public async Task Confirmed_appends_are_in_the_files_at_once()
    {
        await using var store = await SqliteRoomStore.OpenAsync(_directory);
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 3));

        // What a killed process leaves behind.
        var copy = Directory.CreateDirectory(Path.Combine(_directory, "copy")).FullName;
        foreach (var file in (string[])[File, File + "-wal"])
        {
            System.IO.File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        await using var recovered = await SqliteRoomStore.OpenAsync(copy);
        Assert.Equal(["1:1", "1:2", "1:3"], (await recovered.OpenAsync(Lobby)).History.Texts());
    }

    [Fact]
    public async Task A_second_opener_of_the_directory_is_refused_until_the_first_is_gone()
    {
        var store = await SqliteRoomStore.OpenAsync(_directory);

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => SqliteRoomStore.OpenAsync(_directory));
        await store.DisposeAsync();
        await using var next = await SqliteRoomStore.OpenAsync(_directory);

        Assert.Contains(_directory, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.Contains("another node", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_cannot_be_made_is_refused()
    {
        var file = Path.Combine(_directory, "file");
        await System.IO.File.WriteAllTextAsync(file, "");

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => SqliteRoomStore.OpenAsync(Path.Combine(file, "data")));

        Assert.Contains(file, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_a_later_release_is_refused_and_left_alone()
    {
        await using (await SqliteRoomStore.OpenAsync(_directory))
        {
        }

        using (var session = new SqliteSession(File))
        {
            session.Execute("PRAGMA user_version = 1000");
            session.Execute("UPDATE store SET compatible = 999");
        }

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => SqliteRoomStore.OpenAsync(_directory));

        Assert.Contains("later release", refused.Message, StringComparison.Ordinal);
        Assert.Contains(File, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_the_release_after_which_only_adds_is_used_as_it_is()
    {
        await using (await SqliteRoomStore.OpenAsync(_directory))
        {
        }

        using (var session = new SqliteSession(File))
        {
            session.Execute("PRAGMA user_version = 1000");
            foreach (var table in Tables)
            {
                session.Execute($"ALTER TABLE {table} ADD COLUMN new_here TEXT NOT NULL DEFAULT ''");
            }

            session.Execute("CREATE TABLE new_as_well (id INTEGER)");
        }

        await using (var store = await SqliteRoomStore.OpenAsync(_directory))
        {
            await store.OpenAsync(Lobby, Request(now: 1));
            Assert.True(await store.AppendAsync(Append(Lobby, 1, 1, 1)));
            Assert.NotNull(await store.ReviseAsync(Lobby, new Position(1, 0), new Position(1, 1), default));
            Assert.Equal(["1:1"], (await store.ReadAsync(Lobby, new Position(1, 0)))!.Texts());
        }

        using (var session = new SqliteSession(File))
        {
            Assert.Equal(1000L, session.Scalar("PRAGMA user_version"));
        }
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_and_the_directory_free()
    {
        await System.IO.File.WriteAllTextAsync(File, string.Concat(Enumerable.Repeat("not a database ", 1000)));

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => SqliteRoomStore.OpenAsync(_directory));
        System.IO.File.Delete(File);
        await using var store = await SqliteRoomStore.OpenAsync(_directory);

        Assert.Contains(File, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_is_refused_with_what_to_do()
    {
        Directory.CreateDirectory(File);

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => SqliteRoomStore.OpenAsync(_directory));

        Assert.Contains(File, refused.Message, StringComparison.Ordinal);
        Assert.Contains("let the user that runs this node write it", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_commit_is_a_flushed_write_ahead_log()
    {
        var (writer, reader) = SqliteRoomStore.Sessions(File);
        using (writer)
        using (reader)
        {
            Assert.Equal("wal", writer.Scalar("PRAGMA journal_mode"));
            Assert.Equal(2L, writer.Scalar("PRAGMA synchronous"));
            Assert.Equal(1L, reader.Scalar("PRAGMA query_only"));
        }

        await using var store = await SqliteRoomStore.OpenAsync(_directory);
        await store.OpenAsync(Lobby);
        Assert.True(new FileInfo(File + "-wal").Length > 0);
    }

    [Fact]
    public async Task Epochs_that_nothing_needs_any_more_go()
    {
        await using (var store = await SqliteRoomStore.OpenAsync(_directory))
        {
            for (var i = 0; i < 10; i++)
            {
                var opening = await store.OpenAsync(Lobby);
                await store.AppendAsync(Append(Lobby, opening.Epoch, 1, 1));
                await store.OpenAsync(Lobby);
            }

            await store.TrimAllAsync(Newest(2));
        }

        using var session = new SqliteSession(File);

        // Two that hold a danmaku each, and the current one.
        Assert.Equal(3L, session.Scalar("SELECT count(*) FROM epochs"));
    }

    [Fact]
    public async Task A_hanging_disk_does_not_hold_cancelled_callers()
    {
        await using var store = await SqliteRoomStore.OpenAsync(_directory);
        await store.OpenAsync(Lobby, Request(now: 1));
        using var other = new SqliteConnection($"Data Source={File};Pooling=False");
        other.Open();
        using var hold = other.BeginTransaction(deferred: false);
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));

        var append = store.AppendAsync([Append(Lobby, 1, 1, 1)], patience.Token);
        var read = await store.ReadAsync(Lobby, new Position(1, 0));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => append);
        Assert.Empty(read!);
        hold.Rollback();
        Assert.True(await store.AppendAsync(Append(Lobby, 1, 1, 1)));
    }

    [Fact]
    public async Task Calls_that_come_together_fail_alone()
    {
        await using var store = await SqliteRoomStore.OpenAsync(_directory);
        RoomId[] rooms = [.. Enumerable.Range(0, 50).Select(i => RoomId.Parse($"r{i}"))];
        await Task.WhenAll(rooms.Select(room => store.OpenAsync(room, Request(now: 1))));

        var appends = rooms.Select((room, i) => store.AppendAsync([Append(room, 1, 1, 1 - i % 2)], default)).ToArray();
        await Task.WhenAny(Task.WhenAll(appends));
        await Assert.ThrowsAsync<ArgumentException>(() => Task.WhenAll(appends));

        Assert.All(appends.Where((_, i) => i % 2 == 0), append => Assert.True(append.Result.Single()));
        Assert.All(appends.Where((_, i) => i % 2 == 1), append => Assert.True(append.IsFaulted));
        Assert.Empty((await store.ReadAsync(rooms[1], new Position(1, 0)))!);
    }

    [Theory]
    [InlineData("ABORT")]
    [InlineData("ROLLBACK")]
    public async Task Of_calls_that_come_together_only_the_one_fails_that_breaks_its_transaction(string how)
    {
        await using var store = await SqliteRoomStore.OpenAsync(_directory);
        RoomId[] rooms = [.. Enumerable.Range(0, 20).Select(i => RoomId.Parse($"r{i}"))];
        await Task.WhenAll(rooms.Select(room => store.OpenAsync(room, Request(now: 1))));
        using var other = new SqliteSession(File);
        other.Execute($"CREATE TRIGGER guilty BEFORE INSERT ON log WHEN NEW.room = 'r9' BEGIN SELECT RAISE({how}, 'guilty'); END");

        // While another connection holds the file, all of them wait.
        other.Execute("BEGIN IMMEDIATE");
        var appends = rooms.Select(room => store.AppendAsync([Append(room, 1, 1, 2)], default)).ToArray();
        other.Execute("COMMIT");
        await Assert.ThrowsAsync<SqliteException>(() => Task.WhenAll(appends));

        Assert.All(appends.Where((_, i) => i != 9), append => Assert.True(append.Result.Single()));
        Assert.True(appends[9].IsFaulted);
        Assert.Empty((await store.ReadAsync(rooms[9], new Position(1, 0)))!);
        Assert.Equal(["1:1", "1:2"], (await store.ReadAsync(rooms[8], new Position(1, 0)))!.Texts());
    }

    [Fact]
    public async Task A_commit_that_finds_the_disk_full_is_tried_again_for_as_long_as_room_is_made()
    {
        var (session, given) = (new SqliteSession(File, "CREATE TABLE kept (data BLOB)", "PRAGMA max_page_count = 10"), 0);
        await using var lane = new SqliteLane("test", session, "BEGIN IMMEDIATE", () => ++given <= 3 && session.Execute($"PRAGMA max_page_count = {10 * (given + 1)}") < 1);
        Task<int> Keep(int bytes) => lane.RunAsync(each => each.Execute("INSERT INTO kept VALUES (zeroblob($1))", bytes), default);

        Assert.Equal(1, await Keep(25 * 4096));
        var full = await Assert.ThrowsAsync<SqliteException>(() => Keep(100 * 4096));
        await Keep(100);

        Assert.Equal((4, SQLitePCL.raw.SQLITE_FULL), (given, full.SqliteErrorCode));
        Assert.Equal(2L, await lane.RunAsync(each => (long)each.Scalar("SELECT count(*) FROM kept")!, default));
    }

    [Fact]
    public async Task A_closed_store_fails()
    {
        var store = await SqliteRoomStore.OpenAsync(_directory);
        await store.DisposeAsync();

        await Assert.ThrowsAsync<IOException>(() => store.OpenAsync(Lobby));
    }

    [Fact]
    public async Task Revisions_outlive_the_process_and_a_file_of_the_first_release_learns_them()
    {
        var everything = Danmaku.Core.Segments.Revision.Everything;
        await using (var store = await SqliteRoomStore.OpenAsync(_directory))
        {
            await store.OpenAsync(Lobby, Request(now: 1));
            await store.AppendAsync(Append(Lobby, 1, 1, 3));
        }

        using (var session = new SqliteSession(File))
        {
            session.Execute("DROP TABLE revisions");
            session.Execute("DROP TABLE secrets");
            session.Execute("ALTER TABLE store DROP COLUMN compatible");
            foreach (var column in new[] { "user_id", "role", "recall" })
            {
                session.Execute($"ALTER TABLE log DROP COLUMN {column}");
            }

            session.Execute("PRAGMA user_version = 1");
        }

        await using (var store = await SqliteRoomStore.OpenAsync(_directory))
        {
            Assert.Equal(["1:1", "1:2", "1:3"], (await store.ReadAsync(Lobby, new Position(1, 0)))!.Texts());
            Assert.Equal(1, await store.ReviseAsync(Lobby, everything.From, everything.Through, default));
        }

        await using var again = await SqliteRoomStore.OpenAsync(_directory);
        Assert.Equal(1, Assert.Single((await again.ExtentAsync(Lobby, default))!.Revisions).Number);
    }

    [Fact]
    public async Task A_secret_outlives_the_process()
    {
        ReadOnlyMemory<byte> before;
        await using (var store = await SqliteRoomStore.OpenAsync(_directory))
        {
            before = await store.SecretAsync("identity", default);
        }

        await using var again = await SqliteRoomStore.OpenAsync(_directory);
        Assert.Equal(before.ToArray(), (await again.SecretAsync("identity", default)).ToArray());
    }
}
