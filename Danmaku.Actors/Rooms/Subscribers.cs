using Akka.Actor;
using Danmaku.Actors.Connections;
using Danmaku.Core.Moderation;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;

namespace Danmaku.Actors.Rooms;

/// <summary>The viewers of one room on one edge. The room writes what all of them get straight into their outboxes.</summary>
/// <remarks>
/// Used by its room only. A message to each viewer's actor would cost as much as the write itself, so the actors keep only what concerns one viewer. See
/// docs/decisions/0010.
/// </remarks>
public sealed class Subscribers(DanmakuMetrics metrics)
{
    /// <summary>A room with more viewers is fanned out by several threads, each with so many viewers.</summary>
    private const int Share = 2048;

    private readonly Dictionary<IActorRef, RoomViewer> _members = [];
    private readonly List<RoomViewer>[] _live = [.. WireFormat.All.Select(_ => new List<RoomViewer>())];

    /// <summary>All viewers, including those who wait for their welcome or still read what they missed.</summary>
    public int Count => _members.Count;

    public void Enter(RoomViewer member) => _members.Add(member.Actor, member);

    public RoomViewer? Find(IActorRef actor) => _members.GetValueOrDefault(actor);

    /// <summary>From now on the viewer gets what all get.</summary>
    public void GoLive(RoomViewer member)
    {
        var live = _live[member.Viewer.Format.Index];
        member.Stage = new ViewerStage.Live(live.Count);
        live.Add(member);
    }

    /// <summary>Sends a viewer a part of what it missed. When that was all, it is live; else its actor lets it read on when its outbox has place.</summary>
    /// <param name="welcome">Before the first part.</param>
    public void Give(Portion<RoomViewer> portion, Welcome? welcome)
    {
        var (member, start, _) = portion;
        With(member, viewer => portion.SendTo(viewer, welcome));
        if (start.HasMore)
        {
            member.Actor.Tell(new ConnectionActor.MoreAfter(start.Batches[^1].Last), ActorRefs.NoSender);
        }
        else
        {
            GoLive(member);
        }
    }

    public void Leave(RoomViewer member)
    {
        _members.Remove(member.Actor);
        if (member.Stage is ViewerStage.Live(var place))
        {
            // The last takes its place.
            var live = _live[member.Viewer.Format.Index];
            live[^1].Stage = member.Stage;
            live[place] = live[^1];
            live.RemoveAt(live.Count - 1);
        }

        member.Stage = new ViewerStage.Gone();
    }

    /// <summary>Sends a batch, encoded once for each format that somebody here speaks.</summary>
    public void Send(DeliveryFrames frames)
    {
        foreach (var format in WireFormat.All)
        {
            var live = _live[format.Index];
            if (live.Count > 0)
            {
                Send(live, frames.For(format));
            }
        }
    }

    /// <summary>Skips batches for which there is no time. Viewers whose format has no word for that get them all the same.</summary>
    /// <param name="batches">Consecutive batches of one epoch.</param>
    public void Skip(IReadOnlyList<Batch> batches)
    {
        var (first, last) = (batches[0].First, batches[^1].Last);
        Recall[] recalls = [.. batches.SelectMany(batch => batch.Recalls)];
        foreach (var format in WireFormat.All)
        {
            var live = _live[format.Index];
            if (live.Count == 0)
            {
                continue;
            }

            if (format.Skipped(first.Epoch, first.Offset, last.Offset, recalls) is { } notice)
            {
                live.ForEach(member => With(member, viewer => viewer.Skip(notice, first, last, recalls)));
                metrics.Skipped((int)(last.Offset - first.Offset + 1) * live.Count);
                continue;
            }

            foreach (var batch in batches)
            {
                Send(live, format.Batch(batch));
            }
        }
    }

    /// <summary>Tells viewers that danmaku may be missing up to <paramref name="position"/>.</summary>
    public void Lose(Position position) => ForEachLive(viewer => viewer.Lose(position));

    public void TellViewers(long count)
    {
        var frames = WireFormat.All.Select(format => format.Viewers(count)).ToArray();
        ForEachLive(viewer => viewer.Tell(frames[viewer.Format.Index]));
    }

    public void CloseAll(CloseReason reason)
    {
        foreach (var member in _members.Values)
        {
            member.Viewer.Close(reason);
        }
    }

    /// <summary>Writes to one viewer, and tells its actor if it has become slow.</summary>
    private static void With(RoomViewer member, Action<Viewer> act)
    {
        var wasSlow = member.Viewer.IsSlow;
        try
        {
            act(member.Viewer);
        }
        catch (Exception error)
        {
            Fail(member, error);
            return;
        }

        SeeWhetherSlow(member, wasSlow);
    }

    private void Send(List<RoomViewer> live, Frame batch)
    {
        var skipped = 0;
        if (live.Count <= Share || Environment.ProcessorCount == 1)
        {
            skipped = Send(live, 0, live.Count, batch);
        }
        else
        {
            Parallel.For(0, (live.Count + Share - 1) / Share, share =>
            {
                var from = share * Share;
                Interlocked.Add(ref skipped, Send(live, from, Math.Min(from + Share, live.Count), batch));
            });
        }

        metrics.Delivered((batch.Comments * live.Count) - skipped);
        if (skipped > 0)
        {
            metrics.Skipped(skipped);
        }
    }

    private static int Send(List<RoomViewer> live, int from, int end, Frame batch)
    {
        var skipped = 0;
        for (var place = from; place < end; place++)
        {
            var member = live[place];
            var wasSlow = member.Viewer.IsSlow;
            try
            {
                skipped += member.Viewer.Deliver(batch);
            }
            catch (Exception error)
            {
                Fail(member, error);
                continue;
            }

            SeeWhetherSlow(member, wasSlow);
        }

        return skipped;
    }

    private void ForEachLive(Action<Viewer> act)
    {
        foreach (var live in _live)
        {
            foreach (var member in live)
            {
                With(member, act);
            }
        }
    }

    /// <summary>A viewer whose outbox fails is closed; nobody else notices.</summary>
    private static void Fail(RoomViewer member, Exception error) => member.Actor.Tell(new ConnectionActor.Fail(error), ActorRefs.NoSender);

    private static void SeeWhetherSlow(RoomViewer member, bool wasSlow)
    {
        if (!wasSlow && member.Viewer.IsSlow)
        {
            member.Actor.Tell(ConnectionActor.Slow.Instance, ActorRefs.NoSender);
        }
    }
}
