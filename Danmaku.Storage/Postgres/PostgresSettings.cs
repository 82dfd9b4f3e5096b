using Danmaku.Core.Storage;
using Npgsql;

namespace Danmaku.Storage.Postgres;

/// <summary>The settings of connections. Some win over those of the server, the role and the operator's connection string; the others are defaults.</summary>
internal static class PostgresSettings
{
    /// <summary>Most connections of one origin, unless the connection string says otherwise. Fewer make calls wait for each other.</summary>
    private const int MaxPoolSize = SharedRoomStore.MaxCalls;

    /// <summary>For opening a connection and for a command.</summary>
    private const int TimeoutSeconds = 5;

    /// <summary>How long the server may take to answer that a command is cancelled, before the connection is given up.</summary>
    private const int CancellationMilliseconds = 1000;

    /// <summary>How often an idle connection is asked whether it is alive.</summary>
    private const int KeepAliveSeconds = 10;

    /// <summary>
    /// A confirmed commit is on the disk. Each statement sees what was committed before it began; the fence relies on that. A transaction
    /// whose origin has vanished does not hold its locks for long. These win over the settings of the database and the role.
    /// </summary>
    private const string Options =
        @"-c synchronous_commit=on -c default_transaction_isolation=read\ committed -c default_transaction_read_only=off "
        + "-c idle_in_transaction_session_timeout=10s -c statement_timeout=10s";

    /// <exception cref="StoreRefusedException">It is no connection string. The message does not repeat it: it may hold a password.</exception>
    public static NpgsqlDataSource Build(string connectionString)
    {
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(connectionString)
            {
                CancellationTimeout = CancellationMilliseconds,
                KeepAlive = KeepAliveSeconds,
                TcpKeepAlive = true,
                NoResetOnClose = true,
                Enlist = false,
            };
            settings.Options = $"{settings.Options} {Options}".Trim();
            SetDefault(nameof(settings.Timeout), () => settings.Timeout = TimeoutSeconds);
            SetDefault("Command Timeout", () => settings.CommandTimeout = TimeoutSeconds);
            SetDefault("Maximum Pool Size", () => settings.MaxPoolSize = MaxPoolSize);
            SetDefault("Max Auto Prepare", () => settings.MaxAutoPrepare = 20);
            SetDefault("Auto Prepare Min Usages", () => settings.AutoPrepareMinUsages = 2);
            SetDefault("Application Name", () => settings.ApplicationName = "danmaku");

            // Only where the connection string asks for it: to ask the server costs a round trip, and a system without the library writes
            // to standard error.
            SetDefault("GSS Encryption Mode", () => settings.GssEncryptionMode = GssEncryptionMode.Disable);
            return new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();

            void SetDefault(string keyword, Action set)
            {
                if (!settings.ShouldSerialize(keyword))
                {
                    set();
                }
            }
        }
        catch (ArgumentException error)
        {
            throw new StoreRefusedException(
                "The connection string of PostgreSQL cannot be read: write it like Host=…;Database=…;Username=…;Password=….", error);
        }
    }
}
