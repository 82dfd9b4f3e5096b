using Danmaku.Testing;

namespace Danmaku.Storage.Tests;

/// <summary>One server for all tests of a class; each test has a database of its own.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private PostgresServer? _server;

    /// <summary>The server; a test that asks for it is skipped where PostgreSQL is not installed.</summary>
    public PostgresServer Server
    {
        get
        {
            Skip.If(_server is null, NotInstalled.PostgreSql);
            return _server!;
        }
    }

    public async Task InitializeAsync()
    {
        if (PostgresServer.Programs is not null)
        {
            _server = await PostgresServer.StartNewAsync();
        }
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}
