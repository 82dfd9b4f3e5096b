using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Danmaku.Bench.Engine;

namespace Danmaku.Bench.Flood;

/// <summary>
/// People who come once: each posts over HTTP from an address and a connection of its own, in turn into the room where all are and into a
/// new one, so that it is seen who finds no place because of others.
/// </summary>
public sealed class Visitors : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<Uri> _urls;
    private readonly string _crowded;
    private readonly string _own;
    private readonly ConcurrentDictionary<string, int> _refusals = new();
    private readonly ConcurrentDictionary<int, Task> _visits = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly PeriodicTimer _timer;
    private readonly Task _coming;
    private int _served;

    /// <param name="crowded">The room where all are.</param>
    /// <param name="own">What the names of new rooms begin with.</param>
    public Visitors(IReadOnlyList<Uri> urls, string crowded, string own, TimeProvider time)
    {
        (_urls, _crowded, _own, _timer) = (urls, crowded, own, new PeriodicTimer(Every, time));
        _coming = Task.Run(ComeAsync);
    }

    /// <summary>Whose post was taken.</summary>
    public int Served => Volatile.Read(ref _served);

    /// <summary>Whose was not, by why.</summary>
    public IReadOnlyDictionary<string, int> Refusals => _refusals;

    /// <summary>No more come. Done when all have their answers.</summary>
    public async Task EndAsync()
    {
        await _ending.CancelAsync();
        await _coming;
        await Task.WhenAll(_visits.Values);
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _timer.Dispose();
        _ending.Dispose();
    }

    private async Task ComeAsync()
    {
        try
        {
            for (var number = 0; ; number++)
            {
                await _timer.WaitForNextTickAsync(_ending.Token);
                var visit = VisitAsync(number, number % 2 == 0 ? _crowded : $"{_own}-{number}");
                _visits[number] = visit;
                _ = visit.ContinueWith((_, n) => _visits.TryRemove((int)n!, out Task? _), number, TaskScheduler.Default);
            }
        }
        catch (OperationCanceledException)
        {
            // No more are to come.
        }
    }

    private async Task VisitAsync(int number, string room)
    {
        using var handler = new SocketsHttpHandler { ConnectCallback = (context, cancellation) => ConnectAsync(number, context.DnsEndPoint, cancellation) };
        using var http = new HttpClient(handler) { Timeout = Patience };
        try
        {
            var url = new Uri(_urls[number % _urls.Count], $"/api/rooms/{room}/danmaku");
            using var response = await http.PostAsJsonAsync(url, new { text = string.Create(CultureInfo.InvariantCulture, $"visitor {number}") });
            if (response.StatusCode == HttpStatusCode.OK)
            {
                Interlocked.Increment(ref _served);
                return;
            }

            using var body = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync());
            Count($"{(int)response.StatusCode} {(body.RootElement.TryGetProperty("reason", out var reason) ? reason.GetString() : response.ReasonPhrase)}");
        }
        catch (Exception error) when (error is HttpRequestException or IOException or JsonException)
        {
            Count($"no answer ({(error as HttpRequestException)?.HttpRequestError.ToString() ?? error.GetType().Name})");
        }
        catch (OperationCanceledException)
        {
            Count("no answer in 5 s");
        }
    }

    private static async ValueTask<Stream> ConnectAsync(int number, DnsEndPoint server, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            LoadLoop.Bind(socket, FloodAddresses.OfVisitor(number));
            await socket.ConnectAsync(server, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Count(string why) => _refusals.AddOrUpdate(why, 1, (_, count) => count + 1);
}
