using Akka.Actor;
using Danmaku.Actors.Connections;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;

namespace Danmaku.Actors.Rooms;

/// <summary>Fans out what one room on one edge has ready: at once or at the room's tick. Knows which viewers wait for something to have gone out.</summary>
/// <remarks>Used by its room only.</remarks>
/// <param name="flush">Makes the room call <see cref="Flush"/>, after what has come to it already. Called on any thread.</param>
public sealed class RoomFanOut(
    EdgeRoom room,
    Subscribers subscribers,
    SharedRoomState shared,
    AdaptiveFlush pace,
    DanmakuMetrics metrics,
    TimeProvider time,
    Action flush)
{
    /// <summary>Viewers to be told when they have been sent everything up to a position.</summary>
    private readonly Dictionary<RoomViewer, Position> _reaching = [];

    private bool _isFlushing;
    private ITimer? _tick;

    /// <summary>What is ready is to go out: now, or when the tick is over.</summary>
    public void FlushNowOrAtTick()
    {
        if (!room.HasReady || _isFlushing)
        {
            return;
        }

        (_isFlushing, shared.IsFlushDue) = (true, true);
        if (pace.Wait() is var wait && wait > TimeSpan.Zero)
        {
            // The actor system's scheduler knows no such short times.
            _tick ??= time.CreateTimer(static flush => ((Action)flush!)(), flush, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _tick.Change(wait, Timeout.InfiniteTimeSpan);
        }
        else
        {
            // Behind what has come already, or an edge that has more to do than it can would write one slice after the other, and be ever later.
            flush();
        }
    }

    /// <summary>Now is when what is ready was to go out.</summary>
    public void Flush()
    {
        _isFlushing = false;
        FanOut();
        TellReached();
    }

    /// <summary>Gives what is ready to the viewers who are live.</summary>
    public void FanOut()
    {
        if (!room.HasReady)
        {
            return;
        }

        shared.IsFlushDue = false;
        pace.FanOutStarts();
        var (count, bytes) = (room.ReadyCount, pace.Bearable(room.ReadyBytes));
        foreach (var delivery in room.Take(bytes))
        {
            switch (delivery)
            {
                case Delivery.Comments comments:
                    subscribers.Send(new DeliveryFrames(comments.Batch));
                    break;
                case Delivery.Skipped skipped:
                    subscribers.Skip(skipped.Batches);
                    break;
                case Delivery.Lost lost:
                    metrics.Lost();
                    subscribers.Lose(lost.Position);
                    break;
            }
        }

        pace.End(count, bytes);
    }

    /// <summary>Lets a viewer's actor know when everything up to a position has gone out.</summary>
    public void Reach(RoomViewer member, Position position)
    {
        FanOut();
        _reaching[member] = position;
        TellReached();
    }

    /// <summary>Forgets a viewer that has left.</summary>
    public void Forget(RoomViewer member) => _reaching.Remove(member);

    /// <summary>The room ends.</summary>
    public void Stop() => _tick?.Dispose();

    private void TellReached()
    {
        if (_reaching.Count == 0)
        {
            return;
        }

        foreach (var (member, _) in _reaching.Where(reaching => reaching.Value <= room.Top).ToArray())
        {
            _reaching.Remove(member);
            member.Actor.Tell(ConnectionActor.Reached.Instance, ActorRefs.NoSender);
        }
    }
}
