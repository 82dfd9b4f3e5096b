namespace Danmaku.Core.Wire;

/// <summary>A viewer's bounded send queue, between a room and a socket. Thread-safe; never blocks.</summary>
public interface IOutbox
{
    /// <summary>Appends a frame to the queue.</summary>
    /// <param name="later">Whether it may wait: the next frame or <see cref="Flush"/> sends it.</param>
    /// <returns>False, with nothing queued, when a bound is reached or the connection is closing.</returns>
    bool TryWrite(Frame frame, bool later = false);

    /// <summary>Sends the frames that were left for later.</summary>
    void Flush();

    /// <summary>Whether the queue is short enough for a viewer that was too slow to go on.</summary>
    bool IsDrained { get; }

    /// <summary>Sends the queued frames and a Close frame, and ends the connection. Safe to repeat; the first reason counts.</summary>
    void Close(CloseReason reason);
}
