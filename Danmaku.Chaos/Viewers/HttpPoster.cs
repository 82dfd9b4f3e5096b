using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Danmaku.Core.Rooms;

namespace Danmaku.Chaos.Viewers;

/// <summary>Posts over HTTP, each with an <c>Idempotency-Key</c> and, at whichever edge, until it is answered.</summary>
/// <param name="edges">By address.</param>
public sealed class HttpPoster(IReadOnlyList<HttpClient> edges, Place place, Random random) : IDisposable
{
    /// <summary>Posts without an answer. Beyond that a post is not made.</summary>
    private const int MaxPending = 100;

    private readonly ConcurrentDictionary<int, Task> _retrying = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _lock = new();
    private int _pending;

    private enum Answer
    {
        Settled,
        Unknown,
        Refused,
    }

    /// <summary>Posts at any edge. Goes on in the background.</summary>
    public void Post(RoomId room, int bytes)
    {
        if (_pending < MaxPending)
        {
            _ = PostAsync(room, Pick(edges.Count), bytes);
        }
    }

    /// <summary>Posts at one edge; elsewhere, in the background, when that does not answer well.</summary>
    /// <returns>Whether this edge has acknowledged it.</returns>
    public async Task<bool> PostAsync(RoomId room, int edge, int bytes)
    {
        var number = place.Ledger.Open(room);
        var text = place.Texts.Text(new PostTag(number, place.Clock.Micros), bytes);
        Interlocked.Increment(ref _pending);
        if (await TryAsync(number, room, text, edge) == Answer.Settled)
        {
            Interlocked.Decrement(ref _pending);
            return true;
        }

        _retrying[number] = RetryAsync(number, room, text);
        return false;
    }

    /// <summary>Gives up what has no answer yet.</summary>
    public async Task EndAsync()
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_retrying.Values);
    }

    public void Dispose() => _ending.Dispose();

    private async Task RetryAsync(int number, RoomId room, string text)
    {
        try
        {
            do
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200 + Pick(600)), place.Time, _ending.Token);
            }
            while (await TryAsync(number, room, text, Pick(edges.Count)) != Answer.Settled);
        }
        catch (OperationCanceledException)
        {
            // The run ends without an answer.
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
            _retrying.TryRemove(number, out _);
        }
    }

    private async Task<Answer> TryAsync(int number, RoomId room, string text, int edge)
    {
        place.Ledger.Sent(number);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/rooms/{room}/danmaku") { Content = JsonContent.Create(new { text }) };
        request.Headers.Add("Idempotency-Key", place.Texts.Id(number));
        try
        {
            using var response = await edges[edge].SendAsync(request, _ending.Token);
            using var body = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(_ending.Token), default, _ending.Token);
            return Read(number, response.StatusCode, body.RootElement);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or JsonException or OperationCanceledException)
        {
            return Answer.Unknown;
        }
    }

    private Answer Read(int number, HttpStatusCode status, JsonElement body)
    {
        if (status == HttpStatusCode.OK)
        {
            var position = body.GetProperty("position");
            place.Ledger.Acked(
                number,
                new Position(position.GetProperty("epoch").GetInt64(), position.GetProperty("offset").GetInt64()),
                body.GetProperty("durable").GetBoolean());
            return Answer.Settled;
        }

        var reason = body.TryGetProperty("reason", out var member) ? member.GetString()! : $"status {(int)status}";
        switch (status)
        {
            case HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests when reason != "expired":
                place.Ledger.Refused(number);
                return Answer.Refused;
            case HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadRequest:
                place.Ledger.Refused(number);
                place.Ledger.GivenUp(number, reason);
                return Answer.Settled;
            default:
                return Answer.Unknown;
        }
    }

    private int Pick(int count)
    {
        lock (_lock)
        {
            return random.Next(count);
        }
    }
}
