namespace Danmaku.WebSockets.Kestrel;

/// <summary>A connection after the opening handshake.</summary>
/// <param name="Source">Receives the client's bytes.</param>
/// <param name="Target">Sends bytes to the client.</param>
/// <param name="Abort">Ends the connection at once. Thread-safe; safe to repeat.</param>
public sealed record ClientConnection(IByteSource Source, IByteTarget Target, Action Abort);
