using System.Globalization;
using System.Net.WebSockets;
using System.Threading.Channels;
using Danmaku.Chaos.Checks;
using Danmaku.Core.Rooms;

namespace Danmaku.Chaos.Viewers;

/// <summary>A viewer that never de-duplicates: it keeps all that it was told, as it came, and comes back as docs/protocol.md §5 says.</summary>
public sealed class ChaosViewer
{
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(5);

    /// <summary>Who is told to move again sooner comes back as after any loss (docs/protocol.md §4).</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(30);

    // Messages come in one at a time for each viewer, on whichever thread; each thread reads with its own.
    [ThreadStatic]
    private static ServerMessage? _scratch;

    private readonly Lock _lock = new();
    private readonly Channel<(ViewerOrder Order, TimeSpan Length)> _orders = Channel.CreateBounded<(ViewerOrder, TimeSpan)>(1);
    private readonly List<ViewerSession> _ghosts = [];
    private readonly Place _place;
    private readonly PendingPosts _posts;
    private readonly ViewerLife _life;
    private readonly Random _random;
    private readonly TimeSpan _silence;
    private ViewerSession? _session;
    private Uri? _movedTo;

    /// <param name="random">Its own; decides where it connects and how long it waits.</param>
    public ChaosViewer(int number, RoomId room, bool isPoster, Place place, Random random)
    {
        (Number, Room, IsPoster, _place, _random) = (number, room, isPoster, place, random);
        _posts = new PendingPosts(place.Ledger, random, place.Time);
        _life = new ViewerLife(what => place.Tell($"{Name} {what}"));
        _silence = TimeSpan.FromSeconds(10 + random.Next(10));
    }

    public int Number { get; }

    public RoomId Room { get; }

    public bool IsPoster { get; }

    public string Name => string.Create(CultureInfo.InvariantCulture, $"Viewer {Number} of {Room}");

    /// <summary>To be read after <see cref="RunAsync"/>.</summary>
    public IReadOnlyList<Heard> Life => _life.All;

    public bool IsConnected
    {
        get
        {
            lock (_lock)
            {
                return _session is not null;
            }
        }
    }

    public Position Last
    {
        get
        {
            lock (_lock)
            {
                return _life.Last;
            }
        }
    }

    /// <summary>Lets it misbehave, unless it is about to anyway.</summary>
    public void Do(ViewerOrder order, TimeSpan length) => _orders.Writer.TryWrite((order, length));

    /// <summary>Takes a new post, to be sent now or as soon as it is in the room.</summary>
    /// <returns>False when it has too many without an answer.</returns>
    public bool TryPost(Func<(int Number, byte[] Message)> post)
    {
        lock (_lock)
        {
            if (_posts.IsFull)
            {
                return false;
            }

            var (number, message) = post();
            _posts.Add(number, message);
            SendDue();
            return true;
        }
    }

    /// <summary>Watches until it is cancelled, over as many connections as that takes.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var wait = FirstBackoff;
        try
        {
            while (true)
            {
                await Task.Delay(_random.NextDouble() * wait, _place.Time, cancellation);
                wait = await WatchAsync(cancellation) ?? TimeSpan.FromSeconds(Math.Min(2 * wait.TotalSeconds, LongestBackoff.TotalSeconds));
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The end of the run.
        }
        finally
        {
            _ghosts.ForEach(ghost => ghost.Dispose());
        }
    }

    internal void OnText(ViewerSession session, ReadOnlySpan<byte> text)
    {
        var message = _scratch ??= new ServerMessage();
        message.Read(text, _place.Texts);
        lock (_lock)
        {
            // A client that has given a connection up does not look at what it still brings.
            if (!session.IsOver)
            {
                OnMessage(session, message);
            }
        }
    }

    /// <summary>One connection, from its beginning to its end.</summary>
    /// <returns>The most that it waits before the next; null when the room was not reached.</returns>
    private async Task<TimeSpan?> WatchAsync(CancellationToken cancellation)
    {
        var edge = _movedTo ?? _place.Edges[_random.Next(_place.Edges.Count)];
        _movedTo = null;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(ConnectPatience);
        ViewerSession? session = null;
        try
        {
            var url = new UriBuilder(edge) { Scheme = "ws", Path = "/ws/" + Room }.Uri;
            session = await ViewerSession.OpenAsync(this, url, Join(), _place.Time, patience.Token);
            await session.WelcomedAsync(cancellation);
            return await StayAsync(session, cancellation);
        }
        catch (Exception error) when (IsFailure(error, cancellation))
        {
            _place.Tell($"{Name} is not let in by {edge.Authority}: {error.Message}");
            return null;
        }
        finally
        {
            Leave(session);
        }
    }

    private void Leave(ViewerSession? session)
    {
        lock (_lock)
        {
            _session = null;
            _place.Waits.Pause(Number);
            if (session is { IsOver: false })
            {
                session.IsOver = true;
                session.Dispose();
            }
        }
    }

    /// <returns>The most that it waits before it comes back.</returns>
    private async Task<TimeSpan> StayAsync(ViewerSession session, CancellationToken cancellation)
    {
        var (begin, tick) = (_place.Time.GetTimestamp(), TimeSpan.FromMilliseconds(IsPoster ? 200 : 1000));
        while (!session.Ended.IsCompleted)
        {
            await Task.WhenAny(session.Ended, Task.Delay(tick, _place.Time, cancellation));
            cancellation.ThrowIfCancellationRequested();
            if (session.SilentFor() > _silence)
            {
                _place.Tell($"{Name} hears nothing and leaves {session.Edge}");
                return FirstBackoff;
            }

            if (_orders.Reader.TryRead(out var order) && await ObeyAsync(session, order.Order, order.Length, cancellation) is { } wait)
            {
                return wait;
            }

            lock (_lock)
            {
                SendDue();
            }
        }

        _place.Tell($"{Name} was let go by {session.Edge}: {await session.Ended}");
        return MayMove(session, begin) ? TimeSpan.Zero : FirstBackoff;
    }

    /// <summary>Whether it comes back at once, as it was told to; not when it has just come.</summary>
    private bool MayMove(ViewerSession session, long begin)
    {
        lock (_lock)
        {
            var isToMove = session.IsToMove && _place.Time.GetElapsedTime(begin) > Settled;
            _movedTo = isToMove ? session.MoveTo : null;
            return isToMove;
        }
    }

    /// <returns>How soon it comes back; null when it stays.</returns>
    private async Task<TimeSpan?> ObeyAsync(ViewerSession session, ViewerOrder order, TimeSpan length, CancellationToken cancellation)
    {
        _place.Tell(string.Create(CultureInfo.InvariantCulture, $"{Name} on {session.Edge}: {order}, {length.TotalSeconds:0.0} s"));
        switch (order)
        {
            case ViewerOrder.Slow:
                session.Pause();
                _place.Waits.Pause(Number);
                await Task.Delay(length, _place.Time, cancellation);
                session.Resume();
                return null;
            case ViewerOrder.Move:
                await session.CloseAsync();
                return TimeSpan.Zero;
            case ViewerOrder.Haunt:
                Haunt(session);
                break;
            default:
                session.Vanish(isReset: order == ViewerOrder.Reset);
                break;
        }

        Leave(session);
        await Task.Delay(length, _place.Time, cancellation);
        return TimeSpan.Zero;
    }

    private void Haunt(ViewerSession session)
    {
        session.Pause();
        lock (_lock)
        {
            session.IsOver = true;
        }

        _ghosts.Add(session);
        if (_ghosts.Count > 2)
        {
            _ghosts[0].Dispose();
            _ghosts.RemoveAt(0);
        }
    }

    private byte[] Join()
    {
        lock (_lock)
        {
            return _life.Join();
        }
    }

    private void OnMessage(ViewerSession session, ServerMessage message)
    {
        _life.Hear(message);
        switch (message.Type)
        {
            case "batch":
                OnBatch(session);
                break;
            case "welcome":
                OnWelcome(session);
                break;
            case "move":
                session.IsToMove = true;
                session.MoveTo = message.To is null ? null : new Uri(message.To);
                break;
            case "ack" when _place.Texts.TryReadId(message.Id) is { } number:
                _posts.Acked(number, message.Position, message.IsDurable);
                break;
            case "reject" when _place.Texts.TryReadId(message.Id) is { } number:
                _posts.Refused(number, message.Reason ?? "no reason", message.RetryAfter);
                break;
            case "unknown" when _place.Texts.TryReadId(message.Id) is { } number:
                _posts.Unknown(number);
                break;
        }
    }

    private void OnWelcome(ViewerSession session)
    {
        _session = session;
        _place.Waits.Heard(Number);
        _posts.Restart();
        SendDue();
        session.Welcomed();
    }

    private void OnBatch(ViewerSession session)
    {
        _place.Ledger.Seen(Room, _life.Last);
        if (session.IsReading)
        {
            _place.Waits.Heard(Number);
        }
    }

    private void SendDue()
    {
        if (_session is { } session)
        {
            foreach (var message in _posts.TakeDue())
            {
                session.Send(message);
            }
        }
    }

    private static bool IsFailure(Exception error, CancellationToken cancellation) =>
        error is InvalidDataException or WebSocketException or TimeoutException
        || (error is OperationCanceledException && !cancellation.IsCancellationRequested);
}
