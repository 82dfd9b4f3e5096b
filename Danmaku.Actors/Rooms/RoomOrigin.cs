using Akka.Actor;
using Danmaku.Core.Rooms;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Rooms;

/// <summary>
/// The origin of one room, on the side of an edge: asks and tells it what <see cref="OriginLink"/> decides, schedules what is to be asked again, and watches
/// it.
/// </summary>
/// <remarks>Used by its room only, whose timers bring <see cref="EdgeRoomProtocol.Attach"/> and <see cref="EdgeRoomProtocol.Fetch"/>.</remarks>
internal sealed class RoomOrigin(
    RoomId id,
    EdgeContext edge,
    EdgeRoom room,
    OriginLink link,
    SharedRoomState shared,
    IActorContext context,
    IWithTimers timed)
{
    private IActorRef? _actor;

    /// <summary>The origin has said where the room is. It is told again after a while that the room has viewers here.</summary>
    /// <param name="actor">Its actor, which may be another than before.</param>
    public void Know(IActorRef actor)
    {
        if (!actor.Equals(_actor))
        {
            if (_actor is { } before)
            {
                context.Unwatch(before);
            }

            _actor = context.WatchWith(actor, new Gone());
            shared.Origin = actor.Path.Address is { HasLocalScope: false } address ? address : null;
        }

        AttachAfter(OriginLink.ReattachEvery);
    }

    public void Forget() => (_actor, shared.Origin) = (null, null);

    /// <summary>Asks where the room is.</summary>
    /// <param name="viewers">People on this edge.</param>
    public void Attach(int viewers)
    {
        edge.Origins.Tell(new AttachEdge(id, room.Top, viewers, link.Ask(viewers, out var again)));
        AttachAfter(again);
    }

    /// <summary>Asks where the room is, for viewers who wait for it.</summary>
    /// <param name="viewers">People on this edge.</param>
    public void AttachForWaiting(int viewers)
    {
        if (link.WaitToAsk(room.IsAttached) is not { } wait)
        {
            return;
        }

        if (wait > TimeSpan.Zero)
        {
            AttachAfter(wait);
        }
        else
        {
            Attach(viewers);
        }
    }

    public void AttachAfter(TimeSpan wait) => timed.Timers.StartSingleTimer(nameof(EdgeRoomProtocol.Attach), EdgeRoomProtocol.Attach.Instance, wait);

    /// <summary>Asks for what is missing.</summary>
    public void Fetch()
    {
        if (room.Missing is { } missing)
        {
            edge.Origins.Tell(new FetchRange(id, missing));
            timed.Timers.StartSingleTimer(nameof(EdgeRoomProtocol.Fetch), EdgeRoomProtocol.Fetch.Instance, link.Fetch(missing));
        }
    }

    /// <summary>What is missing may be something else now.</summary>
    public void Fetch(FetchChange change)
    {
        switch (change)
        {
            case FetchChange.Ask:
                edge.Metrics.GapFetched();
                Fetch();
                break;
            case FetchChange.Stop:
                timed.Timers.Cancel(nameof(EdgeRoomProtocol.Fetch));
                break;
        }
    }

    /// <summary>Asks for pages of history, by the position before each.</summary>
    public void Read(IReadOnlyList<Position> pages)
    {
        foreach (var after in pages)
        {
            edge.Origins.Tell(new ReadHistory(id, after, room.Top.Epoch));
        }
    }

    /// <param name="viewers">People on this edge.</param>
    public void TellViewers(int viewers)
    {
        if (link.TellViewers(viewers))
        {
            edge.Origins.Tell(new EdgeViewers(id, viewers));
        }
    }

    /// <summary>To the room: the origin that it knows has terminated.</summary>
    internal sealed record Gone : INoSerializationVerificationNeeded;
}
