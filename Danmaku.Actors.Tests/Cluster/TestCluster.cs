using System.Net;
using Akka.Actor;
using Danmaku.Actors.Tests.Storage;
using Danmaku.Core.Clocks;
using Danmaku.Core.Identities;
using Danmaku.Core.Limits;
using Danmaku.Core.Observability;
using Danmaku.Core.Purging;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using Danmaku.Core.Wire;
using Danmaku.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Danmaku.Actors.Tests.Cluster;

/// <summary>A cluster of several actor systems in this process, wired as a node wires them, on loopback and free ports.</summary>
public sealed class TestCluster : IAsyncDisposable
{
    private readonly List<TestNode> _nodes = [];

    /// <summary>Shared by all origins.</summary>
    public TestStore Store { get; } = new();

    public IReadOnlyList<TestNode> Nodes => _nodes;

    public TestNode this[string name] => _nodes.Single(node => node.Name == name);

    /// <param name="nodes">Name and roles of each, the first one being the seed.</param>
    public static async Task<TestCluster> StartAsync(params (string Name, string Roles)[] nodes)
    {
        var cluster = new TestCluster();
        foreach (var (name, roles) in nodes)
        {
            await cluster.AddAsync(name, roles);
        }

        await cluster.ReadyAsync();
        return cluster;
    }

    public async Task<TestNode> AddAsync(string name, string roles, Func<ActorSettings, ActorSettings>? change = null, IRoomStore? store = null, TimeProvider? time = null)
    {
        IReadOnlyList<(IPAddress, int)> seeds = _nodes is [var first, ..] ? [(IPAddress.Loopback, first.Port)] : [];
        var settings = new ActorSettings(
            name, roles.Split(','), IPAddress.Loopback, 0, seeds, RoomLimits.Default, new ViewerLimits(), TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(20),
            TimeSpan.FromSeconds(7), 100, 100, TimeSpan.FromMinutes(10));
        var node = new TestNode(name, change?.Invoke(settings) ?? settings, store ?? Store, time);
        await node.StartAsync();
        _nodes.Add(node);
        return node;
    }

    public Task ReadyAsync() => Eventually.TrueAsync(
        () => _nodes.All(node => node.Rooms.NotReady is null && node.Rooms.Status.Members.Count(member => member.Status == "Up") == _nodes.Count),
        TimeSpan.FromSeconds(40));

    public async ValueTask DisposeAsync()
    {
        foreach (var node in Enumerable.Reverse(_nodes))
        {
            await node.DisposeAsync();
        }
    }
}

public sealed class TestNode : IAsyncDisposable
{
    private readonly IHost _host;

    /// <param name="time">Its clocks; those of this machine when there is none.</param>
    public TestNode(string name, ActorSettings settings, IRoomStore store, TimeProvider? time = null)
    {
        Name = name;
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddConsole().AddProvider(Log);
        builder.Services.AddSingleton<IPurgeable>(Cache);
        builder.Services.AddSingleton<DanmakuMetrics>().AddSingleton(new Chance(1)).AddSingleton(new AgreedTime(time ?? TimeProvider.System)).AddSingleton(Key).AddDanmakuActors(settings, settings.Roles.Contains("origin") ? store : null);
        _host = builder.Build();
    }

    public string Name { get; }

    /// <summary>The deployment's key, once it knows it.</summary>
    public DeploymentKeyHandle Key { get; } = new();

    /// <summary>What it was told to purge.</summary>
    public TestCache Cache { get; } = new();

    /// <summary>The warnings and errors that it has logged.</summary>
    public LogLines Log { get; } = new();

    public IPurger Purger => _host.Services.GetRequiredService<IPurger>();

    public IRooms Rooms => _host.Services.GetRequiredService<IRooms>();

    public ActorSystem System => _host.Services.GetRequiredService<ActorSystem>();

    public DanmakuMetrics Metrics => _host.Services.GetRequiredService<DanmakuMetrics>();

    public int Port => ((ExtendedActorSystem)System).Provider.DefaultAddress.Port!.Value;

    public Task StartAsync() => _host.StartAsync();

    public async Task<TestViewer> JoinAsync(string room, WireFormat format, Position? last = null, int history = 50)
    {
        var outbox = new FakeOutbox();
        var viewer = await Rooms.JoinAsync(new JoinRequest(RoomId.Parse(room), "somebody", format, last, history), outbox, CancellationToken.None);
        return new TestViewer(outbox, viewer!, format);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}

/// <summary>Keeps what is logged. Thread-safe.</summary>
public sealed class LogLines : ILoggerProvider, ILogger
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;

    public bool Has(string text) => _lines.Any(line => line.Contains(text, StringComparison.Ordinal));

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue(formatter(state, exception));

    public void Dispose()
    {
    }
}

/// <summary>Remembers what was purged. Thread-safe.</summary>
public sealed class TestCache : IPurgeable
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<PurgeOrder> _orders = new();

    public IReadOnlyCollection<PurgeOrder> Orders => _orders;

    public int Purge(PurgeOrder order)
    {
        _orders.Enqueue(order);
        return 1;
    }
}

public sealed record TestViewer(FakeOutbox Outbox, IViewer Viewer, WireFormat Format)
{
    private static int _posts;

    public void Post(string text) => Viewer.Post(NewPost(text));

    public static Post NewPost(string text) => new(
        new PostId((UInt128)Interlocked.Increment(ref _posts)), "somebody", text, CommentStyle.Default, null,
        DateTimeOffset.UtcNow.AddSeconds(10).ToUnixTimeMilliseconds());

    /// <summary>The texts of the danmaku it got, in order.</summary>
    public IReadOnlyList<string> Seen => Format == WireFormat.Plain
        ? Outbox.Texts
        : [.. Outbox.OfType("batch").SelectMany(batch => batch.GetProperty("comments").EnumerateArray()).Select(comment => comment.GetProperty("text").GetString()!)];
}
