using Danmaku.Core.Drain;
using Danmaku.Core.Limits;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Node.Conversations;
using Danmaku.Node.Observability;
using Danmaku.Node.Options;

namespace Danmaku.Node.Sockets;

/// <summary>Empties this edge before it stops: accepts no new viewers, and sends its viewers elsewhere one after the other.</summary>
internal sealed class Drain(SocketRegistry registry, IRooms rooms, NodeSettings settings, Chance chance, TimeProvider time, ILogger<Drain> logger) : IDisposable
{
    /// <summary>Within this time it hears of other edges that stop at the same moment; so no viewer is sent to one of them.</summary>
    private static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(500);

    /// <summary>How long requests under way may go on afterwards. Without a bound a slow download would keep the server from stopping.</summary>
    private static readonly TimeSpan LastRequests = TimeSpan.FromSeconds(5);

    /// <summary>The same when the rooms have ended already.</summary>
    private static readonly TimeSpan HurriedLastWords = TimeSpan.FromSeconds(1);

    /// <summary>How long the last viewers may take to close: after it a sweep ends their sockets.</summary>
    private readonly TimeSpan _lastWords = settings.Connection.CloseTimeout + TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource _timeIsUp = new(Timeout.InfiniteTimeSpan, time);

    /// <summary>Cancelled when requests still under way are to be cut off.</summary>
    public CancellationToken TimeIsUp => _timeIsUp.Token;

    /// <summary>
    /// Completes when all viewers are gone or cut off. The server still listens meanwhile, and tells newcomers that this edge is not ready. If the rooms have
    /// ended already, their viewers have gone with them, and a supervisor waits to start the node again; then it waits for nobody else.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        registry.Shut();
        rooms.AnnounceDrain();
        logger.DrainStarted(registry.Count);
        var isHurried = rooms.HasEnded;
        await SendAwayAsync(isHurried ? TimeSpan.Zero : TimeSpan.FromSeconds(settings.Node.DrainSeconds), cancellation);
        try
        {
            await registry.WhenEmpty.WaitAsync(isHurried ? HurriedLastWords : _lastWords, time, cancellation);
        }
        catch (TimeoutException)
        {
            logger.DrainIncomplete(registry.Count);
            foreach (var (socket, _) in registry.Sockets)
            {
                socket.Abort();
            }
        }

        _timeIsUp.CancelAfter(isHurried ? TimeSpan.Zero : LastRequests);
    }

    public void Dispose() => _timeIsUp.Dispose();

    private async Task SendAwayAsync(TimeSpan window, CancellationToken cancellation)
    {
        var targets = new MoveTargets(chance.Next);
        var plan = DrainPlan.Spread([.. registry.Sockets], window, chance.Next);
        if (plan.Count > 0 && targets.Next(rooms.Status) is not null)
        {
            await Task.Delay(HeadStart, time, cancellation);
        }

        var start = time.GetTimestamp();
        foreach (var ((socket, conversation), at) in plan)
        {
            if (at - time.GetElapsedTime(start) is var wait && wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, time, cancellation);
            }

            _ = SendAwayAsync(socket, conversation, targets.Next(rooms.Status));
        }
    }

    private static async Task SendAwayAsync(ViewerSocket socket, Conversation conversation, Uri? edge)
    {
        await conversation.FinishAsync(CloseReason.Restarting);
        socket.SendAway(conversation.Move(edge));
    }
}
