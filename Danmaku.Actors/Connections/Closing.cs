using Akka.Actor;
using Danmaku.Core.Wire;

namespace Danmaku.Actors.Connections;

/// <summary>The end of a connection that waits until its viewer has been sent its own danmaku.</summary>
/// <param name="reason">With which the viewer is closed.</param>
/// <param name="deadline">Ends the wait.</param>
internal sealed class Closing(CloseReason reason, ICancelable deadline)
{
    private readonly List<ConnectionActor.Close> _closers = [];

    public CloseReason Reason => reason;

    /// <summary>Somebody is told when the viewer is closed.</summary>
    public void Add(ConnectionActor.Close closer) => _closers.Add(closer);

    /// <summary>The viewer is closed.</summary>
    public void TellClosers()
    {
        _closers.ForEach(close => close.Done.TrySetResult());
        _closers.Clear();
    }

    /// <summary>The connection has ended, whether it was closed or not.</summary>
    public void End()
    {
        deadline.Cancel();
        TellClosers();
    }
}
