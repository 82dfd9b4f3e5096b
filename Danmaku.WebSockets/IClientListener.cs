namespace Danmaku.WebSockets;

/// <summary>Receives the messages of one client, one after the other.</summary>
public interface IClientListener
{
    /// <summary>Whether the server is closing: then only the client's Close frame matters.</summary>
    bool IsClosing { get; }

    /// <summary>Bytes have arrived.</summary>
    void Came();

    /// <summary>Pays for the next message, control frame or fragment, or for a piece that completes none.</summary>
    /// <returns>How long the client is not read before this may be handled; zero for no pause.</returns>
    TimeSpan Pay();

    /// <summary>A message, a control frame or an error. Nothing else is read until this completes.</summary>
    /// <param name="received">Its payload is invalid when the call returns, even if the task has not completed.</param>
    ValueTask HearAsync(Received received);

    /// <summary><see cref="HearAsync"/> has thrown.</summary>
    void Failed(Exception error);
}
