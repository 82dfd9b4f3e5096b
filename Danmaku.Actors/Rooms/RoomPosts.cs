using Akka.Actor;
using Danmaku.Actors.Posts;
using Danmaku.Core.Rooms;
using Danmaku.Core.Storage;
using static Danmaku.Actors.Rooms.RoomProtocol;

namespace Danmaku.Actors.Rooms;

/// <summary>
/// The posts of an open room, from the moment they come until they are acknowledged: <see cref="Room"/> accepts and numbers them, the store appends them, then
/// they are published, and their authors are told.
/// </summary>
/// <param name="owner">Whom the store tells what has become of an append.</param>
internal sealed class RoomPosts(RoomId id, Room room, OriginContext origin, IActorRef owner)
{
    private readonly PendingAcks _acks = new();
    private bool _isAppending;
    private int _counted;

    /// <summary>The offset of the newest recall that the store does not have; 0 when it has all.</summary>
    private long _recalledAt;

    /// <summary>
    /// Whether a wrong clock has put the times of this epoch ahead. It ends when the store has all of it, and posts wait for the next one; while the store is
    /// unavailable they get the last time again.
    /// </summary>
    public bool IsEpochToEnd => room.IsStampedAhead && origin.Clock.MayStamp && !room.IsAheadOfStore;

    /// <returns>Whether it was accepted: then <see cref="Settle"/> has something to do. If not, its author has been told.</returns>
    public bool TryAccept(SubmitPost submit, IActorRef sender)
    {
        var (source, isViewer) = PostTickets.Read(submit.Ticket);
        switch (room.Post(submit.Post, canTake: origin.Clock.MayStamp && !origin.Unsaved.IsFull, source, isViewer))
        {
            case PostResult.Accepted accepted:
                origin.Metrics.PostAccepted();
                _acks.Add(submit, sender, accepted.Position, accepted.State, isRepeat: false);
                _recalledAt = submit.Post.Recall is null ? _recalledAt : accepted.Position.Offset;
                return true;
            case PostResult.Repeated repeated:
                _acks.Add(submit, sender, repeated.Position, repeated.State, isRepeat: true);
                return false;
            case PostResult.Rejected rejected:
                sender.Tell(submit.Refused(rejected.Reason, rejected.RetryAfter));
                return false;
            default:
                return false;
        }
    }

    /// <summary>The store has this epoch up to <paramref name="offset"/>.</summary>
    public void Saved(long offset)
    {
        _isAppending = false;
        room.Saved(offset);
        if (_recalledAt > 0 && room.SavedOffset >= _recalledAt)
        {
            _recalledAt = 0;
            origin.Withdrawn(id);
        }
    }

    /// <summary>Shows what the store does not have, if that has waited for too long.</summary>
    public void GoAheadWhenOverdue()
    {
        if (room.OverdueIn == TimeSpan.Zero)
        {
            room.GoAhead();
        }
    }

    /// <summary>Publishes what everybody may see, then answers its authors, and has the store append what it does not have, one append at a time.</summary>
    /// <returns>Whether there was something to publish.</returns>
    public bool Settle()
    {
        var batches = room.TakePublished();
        foreach (var batch in batches)
        {
            origin.Publisher.Publish(Slice.Encode(id, batch, isPlain: !origin.Wire.ReadsSources));
            origin.Metrics.PublishedUnsaved((int)Math.Clamp(batch.Last.Offset - room.SavedOffset, 0, batch.Comments.Count));
        }

        _acks.Settle(room.Top.Offset, room.SavedOffset);
        CountUnsaved(room.Unsaved);
        if (!_isAppending && room.Unsaved > 0)
        {
            _isAppending = true;
            origin.Store.LaneOf(id).Tell(new RoomAppend(id, room.Top.Epoch, room.TakeUnsaved()), owner);
        }

        return batches.Count > 0;
    }

    /// <summary>The room closes. Authors without an answer are told that nobody knows what became of their posts.</summary>
    public void GiveUp()
    {
        _acks.GiveUp();
        CountUnsaved(0);
    }

    private void CountUnsaved(int unsaved)
    {
        origin.Unsaved.Add(unsaved - _counted);
        origin.Metrics.UnsavedChanged(unsaved - _counted);
        _counted = unsaved;
    }
}
