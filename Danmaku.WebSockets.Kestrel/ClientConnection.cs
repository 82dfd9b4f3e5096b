namespace Danmaku.WebSockets.Kestrel;

/// <summary>A connection after the opening handshake.</summary>
/// <param name="Source">What the client sends.</param>
/// <param name="Target">What it is sent.</param>
/// <param name="Abort">Ends the connection at once. Thread-safe; safe to repeat.</param>
public sealed record ClientConnection(IByteSource Source, IByteTarget Target, Action Abort);
