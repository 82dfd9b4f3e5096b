namespace Danmaku.Core.Wire;

/// <summary>A viewer's bounded send queue: the one way from a room to a socket. Thread-safe; never blocks.</summary>
public interface IOutbox
{
    /// <summary>Puts a frame behind those waiting.</summary>
    /// <param name="later">It need not go out by itself: the next frame takes it along, or <see cref="Flush"/> sends it.</param>
    /// <returns>False, with nothing written, when a bound is reached or the connection is closing.</returns>
    bool TryWrite(Frame frame, bool later = false);

    /// <summary>Sends what was left for later.</summary>
    void Flush();

    /// <summary>Whether so little is waiting that a viewer which was too slow can go on.</summary>
    bool IsDrained { get; }

    /// <summary>Sends what is waiting, then a Close frame, and ends the connection. Repeating it is safe; the first reason counts.</summary>
    void Close(CloseReason reason);
}
