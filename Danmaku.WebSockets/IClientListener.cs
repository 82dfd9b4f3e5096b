namespace Danmaku.WebSockets;

/// <summary>Hears what one client says. Called for one thing after the other.</summary>
public interface IClientListener
{
    /// <summary>Whether it has hung up: nothing matters any more but the client's Close frame.</summary>
    bool IsClosing { get; }

    /// <summary>Something has come, whatever it was.</summary>
    void Came();

    /// <summary>Pays for the next message, control frame or fragment, or for a piece that completes none.</summary>
    /// <returns>How long the client is not read, so that it may be said; zero for not at all.</returns>
    TimeSpan Pay();

    /// <summary>A message, a control frame or an error. Until this ends nothing else is read.</summary>
    /// <param name="received">Its payload is gone when the call returns, also when the task has not ended.</param>
    ValueTask HearAsync(Received received);

    /// <summary>What <see cref="HearAsync"/> has thrown.</summary>
    void Failed(Exception error);
}
