using Danmaku.Core.Purging;
using Danmaku.Core.Rooms;
using Danmaku.Node.Operators;
using Danmaku.Node.Options;
using Danmaku.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Danmaku.Node.Tests.Support;

/// <summary>A node in this process, on a free port, with a temporary data directory. Fails its test when it logged an error.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ErrorLog _errors;
    private readonly string _data;

    private TestNode(WebApplication app, ErrorLog errors, string data) => (_app, _errors, _data) = (app, errors, data);

    /// <summary>Where it is reached: over IPv6 where it listens on any address.</summary>
    public Uri Url => new(_app.Urls.First().Replace("[::]", "[::1]", StringComparison.Ordinal));

    public IServiceProvider Services => _app.Services;

    public HttpClient Http { get; } = new();

    /// <summary>What its operators use.</summary>
    public HttpClient Operators { get; } = new();

    /// <summary>A cluster of its own, with both roles where <paramref name="settings"/> do not say otherwise.</summary>
    /// <param name="settings">Such as <c>--Danmaku:NodeName=x</c>.</param>
    public static Task<TestNode> StartAsync(params string[] settings) => StartAsync(Rooms.RoomsRegistration.AddRooms, settings);

    /// <summary>A node without actors.</summary>
    public static Task<TestNode> StartAsync(NoRooms rooms, params string[] settings) =>
        StartAsync((services, _) => services.AddSingleton<IRooms>(rooms).AddSingleton<IPurger>(rooms), settings);

    /// <param name="addRooms">Adds what stands behind <see cref="IRooms"/> and <see cref="IPurger"/>.</param>
    public static async Task<TestNode> StartAsync(Action<IServiceCollection, NodeSettings> addRooms, params string[] settings)
    {
        var (errors, data) = (new ErrorLog(), Directory.CreateTempSubdirectory("danmaku-").FullName);
        string[] defaults =
        [
            "--urls=http://127.0.0.1:0", "--Danmaku:Operator:Urls=http://127.0.0.1:0", "--Danmaku:NodeName=test", "--Danmaku:DataDirectory=" + data,
        ];
        var app = NodeHost.Create([.. defaults, .. settings], (services, read) =>
        {
            services.AddSingleton<ILoggerProvider>(errors);
            addRooms(services, read);
        });
        await app.StartAsync();
        var node = new TestNode(app, errors, data);
        node.Http.BaseAddress = node.Url;
        node.Operators.BaseAddress = app.Services.GetRequiredService<OperatorServer>().Urls is [var url, ..] ? new Uri(url) : null;
        await Eventually.TrueAsync(
            async () => (await node.Http.GetAsync("/health/ready")).IsSuccessStatusCode, TimeSpan.FromSeconds(60), "the node is ready");
        return node;
    }

    public Task StopAsync() => _app.StopAsync();

    /// <summary>The errors that it logged; they are forgiven.</summary>
    public IReadOnlyList<string> TakeErrors() => _errors.Take();

    public void AssertNoErrors()
    {
        var errors = _errors.Take();
        Assert.True(errors.Length == 0, string.Join('\n', errors));
    }

    /// <summary>The value of a metric; 0 when it is not there.</summary>
    /// <param name="labels">Such as <c>code="1013"</c>.</param>
    public async Task<double> MetricAsync(string name, string labels = "")
    {
        var lines = (await Operators.GetStringAsync("/metrics")).Split('\n');
        var value = lines
            .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) && line.Contains(labels, StringComparison.Ordinal))
            .Select(line => line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ')[0])
            .FirstOrDefault("0");
        return double.Parse(value, System.Globalization.CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        Http.Dispose();
        Operators.Dispose();
        Directory.Delete(_data, recursive: true);
        AssertNoErrors();
    }

    private sealed class ErrorLog : ILoggerProvider, ILogger
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> _messages = new();

        public string[] Take()
        {
            string[] taken = [.. _messages];
            _messages.Clear();
            return taken;
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                _messages.Enqueue(formatter(state, exception) + " " + exception);
            }
        }

        public void Dispose()
        {
        }
    }
}
