using System.Collections.Concurrent;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Posts to many rooms all the time and finds out for how long none of the posts to a room was accepted.</summary>
internal sealed class PostingMeter : IAsyncDisposable
{
    private const int Rooms = 12;

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);

    private static int _meters;

    private readonly int _number = Interlocked.Increment(ref _meters);
    private readonly ConcurrentQueue<(int Room, TimeSpan Sent, TimeSpan Accepted)> _accepted = new();
    private readonly CancellationTokenSource _enough = new();
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private readonly NodeProcess _edge;
    private readonly Task _posting;

    private PostingMeter(NodeProcess edge)
    {
        _edge = edge;
        _posting = PostAllAsync();
    }

    /// <summary>Starts to post, and waits until every room is open.</summary>
    public static async Task<PostingMeter> StartAsync(NodeProcess edge)
    {
        var meter = new PostingMeter(edge);
        await meter.AllAcceptAsync();
        return meter;
    }

    /// <summary>Waits until a post from after now was accepted in every room.</summary>
    public Task AllAcceptAsync()
    {
        var now = Elapsed;
        return Eventually.TrueAsync(
            () => _accepted.Where(post => post.Sent > now).DistinctBy(post => post.Room).Count() == Rooms, TimeSpan.FromSeconds(60), "all rooms accept posts");
    }

    /// <summary>The longest time between two accepted posts to the same room, for each room.</summary>
    public IReadOnlyList<TimeSpan> Outages =>
    [
        .. _accepted.GroupBy(post => post.Room).Select(room => room.Select(post => post.Accepted).Order().ToArray())
            .Select(times => times.Zip(times.Skip(1), (earlier, later) => later - earlier).Max()),
    ];

    public async ValueTask DisposeAsync()
    {
        await _enough.CancelAsync();
        await _posting;
        _enough.Dispose();
    }

    private TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_start);

    private async Task PostAllAsync()
    {
        using var timer = new PeriodicTimer(Every);
        var posts = new List<Task>();
        while (!_enough.IsCancellationRequested)
        {
            posts.RemoveAll(post => post.IsCompleted);
            posts.AddRange(Enumerable.Range(0, Rooms).Select(PostAsync));
            await timer.WaitForNextTickAsync();
        }

        await Task.WhenAll(posts);
    }

    private async Task PostAsync(int room)
    {
        var sent = Elapsed;
        try
        {
            using var response = await _edge.PostAsync($"meter-{_number}-{room}", new { text = "still there?" });
            if (response.IsSuccessStatusCode)
            {
                _accepted.Enqueue((room, sent, Elapsed));
            }
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            // Not accepted: that is what is measured.
        }
    }
}
