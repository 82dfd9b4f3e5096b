using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Storage.Postgres;
using Danmaku.Testing;
using Npgsql;
using static Danmaku.Storage.Tests.Some;

namespace Danmaku.Storage.Tests;

public sealed class PostgresRoomStoreTests(PostgresFixture fixture) : RoomStoreContract, IClassFixture<PostgresFixture>
{
    private string? _database;

    private PostgresServer Server => fixture.Server;

    protected override async Task<IRoomStore> OpenStoreAsync() => await PostgresRoomStore.OpenAsync(await DatabaseAsync());

    [SkippableFact]
    public async Task Origins_that_start_at_once_make_one_store()
    {
        var database = await DatabaseAsync();

        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PostgresRoomStore.OpenAsync(database)));

        var identity = Assert.Single(stores.Select(store => store.Identity).Distinct());
        Assert.Equal(("postgresql", true), (identity.Kind, identity.IsShared));
        Assert.Equal(1, (await stores[0].OpenAsync(Lobby, Request(now: 1))).Epoch);
        Assert.Equal(2, (await stores[1].OpenAsync(Lobby, Request(now: 1))).Epoch);
        await DisposeAsync(stores);
    }

    [SkippableFact]
    public async Task All_is_there_for_the_next_origin()
    {
        StoreIdentity identity;
        await using (var store = await PostgresRoomStore.OpenAsync(await DatabaseAsync()))
        {
            identity = store.Identity;
            await store.OpenAsync(Lobby, Request(now: 1));
            await store.AppendAsync(Append(Lobby, 1, 1, 3, time: 1000));
        }

        var again = await StoreAsync();
        var opening = await again.OpenAsync(Lobby, Request(now: 1));

        Assert.Equal(identity, again.Identity);
        Assert.Equal((2, new Position(1, 3), 1000), (opening.Epoch, opening.Previous, opening.LastTime));
        Assert.Equal(["1:1", "1:2", "1:3"], opening.History.Texts());
        Assert.Equal([Id(1, 1), Id(1, 2), Id(1, 3)], opening.Posts.Select(post => post.Id));
    }

    [SkippableFact]
    public async Task Of_two_origins_only_the_later_owner_writes()
    {
        var (one, other) = (await StoreAsync(), await StoreAsync());
        await one.OpenAsync(Lobby, Request(now: 1));
        Assert.True(await one.AppendAsync(Append(Lobby, 1, 1, 1)));

        await other.OpenAsync(Lobby, Request(now: 1));

        Assert.False(await one.AppendAsync(Append(Lobby, 1, 2, 2)));
        Assert.True(await other.AppendAsync(Append(Lobby, 2, 1, 1)));
    }

    [SkippableFact]
    public async Task Writers_of_the_same_rooms_do_not_wait_for_each_other_in_a_circle()
    {
        var (one, other) = (await StoreAsync(), await StoreAsync());
        RoomId[] rooms = [.. Enumerable.Range(0, 100).Select(i => RoomId.Parse($"r{i}"))];
        foreach (var room in rooms)
        {
            await one.OpenAsync(room, Request(now: 1));
        }

        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            var random = new Random(writer);
            for (var i = 0; i < 20; i++)
            {
                RoomId[] shuffled = [.. rooms];
                random.Shuffle(shuffled);
                await (writer % 2 == 0 ? one : other).AppendAsync([.. shuffled.Select(room => Append(room, 1, 1, 1))], default);
            }
        })));

        Assert.Equal(["1:1"], (await one.ReadAsync(rooms[0], new Position(1, 0)))!.Texts());
    }

    [SkippableFact]
    public async Task While_one_origin_trims_another_leaves_it_alone()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.AppendAsync(Append(Lobby, 1, 1, 9));
        await using var source = NpgsqlDataSource.Create(await DatabaseAsync());
        await using (var connection = await source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using var command = new NpgsqlCommand($"SELECT pg_advisory_xact_lock({PostgresSchema.TrimLock})", connection);
            await command.ExecuteNonQueryAsync();

            Assert.False(await store.TrimAsync(Newest(1), Now, default));
            Assert.Equal(9, (await store.ReadAsync(Lobby, new Position(1, 0)))!.Texts().Count());
        }

        await store.TrimAllAsync(Newest(1));
        Assert.Null(await store.ReadAsync(Lobby, new Position(1, 0)));
    }

    [SkippableFact]
    public async Task Trimming_does_not_wait_for_a_room_that_somebody_writes()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await store.OpenAsync(RoomId.Parse("other"), Request(now: 1));
        await using var source = NpgsqlDataSource.Create(await DatabaseAsync());
        await using (var connection = await source.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using var command = new NpgsqlCommand("SELECT FROM danmaku.rooms WHERE room = 'lobby' FOR UPDATE", connection);
            await command.ExecuteNonQueryAsync();

            Assert.False(await store.TrimAsync(Everything, Now, default));
            Assert.Null(await store.ReadAsync(RoomId.Parse("other"), new Position(1, 0)));
            Assert.NotNull(await store.ReadAsync(Lobby, new Position(1, 0)));
        }

        await store.TrimAllAsync(Everything);
        Assert.Null(await store.ReadAsync(Lobby, new Position(1, 0)));
    }

    /// <summary>So many at once that they would take all connections, where they had no places.</summary>
    [SkippableFact]
    public async Task Rooms_that_wait_to_open_and_purges_do_not_delay_posts_and_reads()
    {
        var (other, store) = (RoomId.Parse("other"), await StoreAsync());
        var shared = new SharedRoomStore(store);
        await shared.OpenAsync(Lobby, Request(now: 1));
        await shared.OpenAsync(other, Request(now: 1));
        await using var source = NpgsqlDataSource.Create(await DatabaseAsync());
        await using var connection = await source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("SELECT FROM danmaku.rooms WHERE room = 'lobby' FOR UPDATE", connection);
        await command.ExecuteNonQueryAsync();
        Task[] waiting =
        [
            .. Enumerable.Range(0, 40).Select(_ => shared.OpenAsync(Lobby, Request(now: 1))),
            .. Enumerable.Range(0, 40).Select(_ => shared.ReviseAsync(Lobby, new Position(1, 0), new Position(1, 9), default)),
        ];

        Assert.True(await shared.AppendAsync(Append(other, 1, 1, 3)).WaitAsync(TimeSpan.FromSeconds(3)));
        Assert.Equal(3, (await shared.ReadAsync(other, new Position(1, 0)).WaitAsync(TimeSpan.FromSeconds(3)))!.Texts().Count());
        Assert.Equal(new Position(1, 3), (await shared.History.ExtentAsync(other, default).WaitAsync(TimeSpan.FromSeconds(3)))!.Last);

        await transaction.RollbackAsync();
        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(20));
    }

    [SkippableFact]
    public async Task All_that_an_origin_may_ask_at_a_time_has_a_connection_each()
    {
        var store = await StoreAsync();
        var shared = new SharedRoomStore(store);
        await shared.OpenAsync(Lobby, Request(now: 1));
        await using var source = NpgsqlDataSource.Create(await DatabaseAsync());
        await using var connection = await source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("LOCK TABLE danmaku.rooms, danmaku.log IN ACCESS EXCLUSIVE MODE", connection);
        await command.ExecuteNonQueryAsync();

        Task[] waiting =
        [
            .. Enumerable.Range(0, 40).SelectMany<int, Task>(i =>
            [
                shared.OpenAsync(Lobby, Request(now: 1)),
                shared.AppendAsync(Append(RoomId.Parse($"r{i}"), 1, 1, 1)),
                shared.ReadAsync(Lobby, new Position(1, 0)),
                shared.History.ExtentAsync(Lobby, default),
                shared.ReviseAsync(Lobby, new Position(1, 0), new Position(1, 9), default),
                shared.ReadClockAsync(default),
                shared.TrimAsync(Newest(1), Now, default),
            ]),
        ];

        await Eventually.TrueAsync(async () =>
        {
            await using var count = source.CreateCommand(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'danmaku' AND wait_event_type = 'Lock'");
            return await count.ExecuteScalarAsync() is (long)SharedRoomStore.MaxCalls;
        });
        await transaction.RollbackAsync();
        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(20));
    }

    [SkippableFact]
    public async Task Commits_wait_for_the_disk_whatever_the_role_says()
    {
        await DatabaseAsync();
        await Server.QueryAsync("CREATE ROLE hasty LOGIN SUPERUSER; ALTER ROLE hasty SET synchronous_commit = off");
        var settings = new NpgsqlConnectionStringBuilder(await DatabaseAsync()) { Username = "hasty", Options = "-c synchronous_commit=off" };
        await using var source = PostgresSettings.Build(settings.ConnectionString);

        Assert.Equal("on", await source.CreateCommand("SHOW synchronous_commit").ExecuteScalarAsync());
        Assert.Equal("read committed", await source.CreateCommand("SHOW transaction_isolation").ExecuteScalarAsync());
    }

    [SkippableFact]
    public async Task Settings_of_the_connection_string_stay_and_the_others_have_defaults()
    {
        var settings = new NpgsqlConnectionStringBuilder(await DatabaseAsync()) { CommandTimeout = 9, MaxPoolSize = 3 };
        await using var source = PostgresSettings.Build(settings.ConnectionString);

        var built = new NpgsqlConnectionStringBuilder(source.ConnectionString);
        Assert.Equal((5, 9, 3, 10), (built.Timeout, built.CommandTimeout, built.MaxPoolSize, built.KeepAlive));
        Assert.Equal(GssEncryptionMode.Disable, built.GssEncryptionMode);
    }

    [Fact]
    public async Task An_origin_has_as_many_connections_as_it_makes_calls_at_a_time()
    {
        await using var source = PostgresSettings.Build("Host=localhost");

        Assert.Equal(SharedRoomStore.MaxCalls, new NpgsqlConnectionStringBuilder(source.ConnectionString).MaxPoolSize);
    }

    [SkippableFact]
    public async Task Tables_of_a_later_release_are_refused()
    {
        var database = await DatabaseAsync();
        await DisposeAsync(await PostgresRoomStore.OpenAsync(database));
        await Server.QueryAsync("UPDATE danmaku.store SET version = 1000, compatible = 999", DatabaseName(database));

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => PostgresRoomStore.OpenAsync(database));

        Assert.Contains("later release", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [SkippableFact]
    public async Task Tables_of_the_release_after_which_only_adds_are_used_as_they_are()
    {
        var database = await DatabaseAsync();
        await DisposeAsync(await PostgresRoomStore.OpenAsync(database));
        var columns = Tables.Select(table => $"ALTER TABLE danmaku.{table} ADD COLUMN new_here text NOT NULL DEFAULT '';");
        await Server.QueryAsync(
            $"UPDATE danmaku.store SET version = 1000; CREATE TABLE danmaku.new_as_well (id int8); {string.Concat(columns)}", DatabaseName(database));

        await using var store = await PostgresRoomStore.OpenAsync(database);
        await store.OpenAsync(Lobby, Request(now: 1));

        Assert.True(await store.AppendAsync(Append(Lobby, 1, 1, 1)));
        Assert.NotNull(await store.ReviseAsync(Lobby, new Position(1, 0), new Position(1, 1), default));
        Assert.Equal(["1:1"], (await store.ReadAsync(Lobby, new Position(1, 0)))!.Texts());
        Assert.Equal("1000", (await Server.QueryAsync("SELECT version FROM danmaku.store", DatabaseName(database))).Trim());
    }

    [SkippableFact]
    public async Task Tables_of_the_first_release_learn_revisions_which_all_origins_see()
    {
        var database = await DatabaseAsync();
        var (from, through) = Danmaku.Core.Segments.Revision.Everything;
        await DisposeAsync(await PostgresRoomStore.OpenAsync(database));
        await Server.QueryAsync(
            "DROP TABLE danmaku.revisions, danmaku.secrets; ALTER TABLE danmaku.store DROP COLUMN compatible; "
            + "ALTER TABLE danmaku.log DROP COLUMN user_id, DROP COLUMN role, DROP COLUMN recall; UPDATE danmaku.store SET version = 1",
            DatabaseName(database));

        await using var one = await PostgresRoomStore.OpenAsync(database);
        await using var other = await PostgresRoomStore.OpenAsync(database);
        await one.OpenAsync(Lobby, Request(now: 1));

        Assert.Equal(1, await one.ReviseAsync(Lobby, from, through, default));
        Assert.Equal(2, await other.ReviseAsync(Lobby, from, through, default));
        Assert.Equal(2, Assert.Single((await one.ExtentAsync(Lobby, default))!.Revisions).Number);
    }

    [SkippableFact]
    public async Task A_secret_is_the_same_for_all_origins_that_ask_at_once()
    {
        var database = await DatabaseAsync();
        await using var one = await PostgresRoomStore.OpenAsync(database);
        await using var other = await PostgresRoomStore.OpenAsync(database);

        var secrets = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? one : other).SecretAsync("identity", default)));

        Assert.Single(secrets.Select(secret => Convert.ToHexString(secret.Span)).Distinct());
    }

    [SkippableFact]
    public async Task A_database_that_is_not_there_is_refused()
    {
        var settings = new NpgsqlConnectionStringBuilder(await DatabaseAsync()) { Database = "nowhere" };

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => PostgresRoomStore.OpenAsync(settings.ConnectionString));

        Assert.Contains("nowhere", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_string_that_is_none_is_refused_and_not_repeated()
    {
        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => PostgresRoomStore.OpenAsync("Pasword=secret"));

        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_user_that_may_only_use_the_schema_is_enough_once_it_is_there()
    {
        var database = await DatabaseAsync();
        await DisposeAsync(await PostgresRoomStore.OpenAsync(database));
        await Server.QueryAsync(
            "CREATE ROLE modest LOGIN; GRANT USAGE ON SCHEMA danmaku TO modest; GRANT ALL ON ALL TABLES IN SCHEMA danmaku TO modest",
            DatabaseName(database));

        await using var store = await PostgresRoomStore.OpenAsync(
            new NpgsqlConnectionStringBuilder(database) { Username = "modest" }.ConnectionString);

        Assert.Equal(1, (await store.OpenAsync(Lobby, Request(now: 1))).Epoch);
    }

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_that_comes_back_is_used_again_and_has_all_that_was_confirmed(bool killed)
    {
        var store = await StoreAsync();
        RoomId[] rooms = [.. Enumerable.Range(0, 4).Select(i => RoomId.Parse($"r{i}"))];
        foreach (var room in rooms)
        {
            await store.OpenAsync(room, Request(now: 1));
        }

        // Every lane has a connection of its own, and all of them break.
        await Task.WhenAll(rooms.Select(room => store.AppendAsync(Append(room, 1, 1, 5))));
        await (killed ? Server.KillAsync() : Server.StopAsync());

        try
        {
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => store.AppendAsync(Append(rooms[0], 1, 1, 6)));
        }
        finally
        {
            await Server.StartAsync();
        }

        Assert.All(await Task.WhenAll(rooms.Select(room => store.AppendAsync(Append(room, 1, 1, 7)))), Assert.True);
        foreach (var room in rooms)
        {
            Assert.Equal(7, (await store.ReadAsync(room, new Position(1, 0)))!.Texts().Count());
        }
    }

    [SkippableFact]
    public async Task Of_many_broken_connections_only_the_first_calls_notice()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => store.ReadAsync(Lobby, new Position(1, 0))));
        await Server.KillAsync();
        await Server.StartAsync();

        var failures = 0;
        for (var i = 1; i <= 16; i++)
        {
            try
            {
                Assert.True(await store.AppendAsync(Append(Lobby, 1, 1, i)));
            }
            catch (NpgsqlException)
            {
                failures++;
            }
        }

        Assert.InRange(failures, 0, 1);
    }

    [SkippableFact]
    public async Task Appends_confirmed_while_the_server_is_killed_are_there_afterwards()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        long confirmed = 0;
        var writer = Task.Run(async () =>
        {
            try
            {
                while (await store.AppendAsync(Append(Lobby, 1, Volatile.Read(ref confirmed) + 1, Volatile.Read(ref confirmed) + 1)))
                {
                    Interlocked.Increment(ref confirmed);
                }
            }
            catch (NpgsqlException)
            {
            }
        });
        await Eventually.TrueAsync(() => Volatile.Read(ref confirmed) > 20);

        await Server.KillAsync();
        await writer;
        await Server.StartAsync();

        // One more may be there: committed, and nobody left to say so.
        var opening = await (await StoreAsync()).OpenAsync(Lobby, Request(now: 2, history: int.MaxValue));
        Assert.InRange(opening.History.Texts().Count(), confirmed, confirmed + 1);
        Assert.InRange(opening.Previous.Offset, confirmed, confirmed + 1);
    }

    [SkippableFact]
    public async Task A_hanging_server_does_not_hold_cancelled_callers_and_others_not_for_long()
    {
        var store = await StoreAsync();
        await store.OpenAsync(Lobby, Request(now: 1));
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        Server.Suspend();
        try
        {
            var impatient = store.AppendAsync([Append(Lobby, 1, 1, 1)], patience.Token);
            var patient = store.AppendAsync([Append(Lobby, 1, 1, 1)], default);

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient.WaitAsync(TimeSpan.FromSeconds(4)));
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => patient.WaitAsync(TimeSpan.FromSeconds(15)));
        }
        finally
        {
            Server.Resume();
        }

        await Eventually.TrueAsync(async () =>
        {
            try
            {
                return await store.AppendAsync(Append(Lobby, 1, 1, 2));
            }
            catch (NpgsqlException)
            {
                return false;
            }
        });
    }

    [SkippableFact]
    public async Task Epochs_that_nothing_needs_any_more_go()
    {
        var store = await StoreAsync();
        for (var i = 0; i < 10; i++)
        {
            var opening = await store.OpenAsync(Lobby);
            await store.AppendAsync(Append(Lobby, opening.Epoch, 1, 1));
            await store.OpenAsync(Lobby);
        }

        await store.TrimAllAsync(Newest(2));

        // Two that hold a danmaku each, and the current one.
        Assert.Equal("3", await Server.QueryAsync("SELECT count(*) FROM danmaku.epochs", DatabaseName(await DatabaseAsync())));
    }

    private static string DatabaseName(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString).Database!;

    private static async Task DisposeAsync(params PostgresRoomStore[] stores)
    {
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }
    }

    private async Task<string> DatabaseAsync() => _database ??= await Server.CreateDatabaseAsync();
}
