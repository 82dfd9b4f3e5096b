namespace Danmaku.WebSockets;

/// <summary>The result of <see cref="MessageReader.Read"/>.</summary>
public enum ReceivedKind
{
    /// <summary>Nothing complete: all bytes were consumed, and more must come.</summary>
    Nothing,

    /// <summary>A text message, whole and valid UTF-8.</summary>
    Text,

    /// <summary>A binary message, whole.</summary>
    Binary,

    /// <summary>A frame that does not end its message.</summary>
    Fragment,

    Ping,

    Pong,

    /// <summary>The client's Close frame: the reader ignores everything after it.</summary>
    Close,

    /// <summary>The client broke a rule. From now on the reader only looks for its Close frame.</summary>
    Error,
}

/// <summary>One message, control frame or error of a client.</summary>
/// <param name="Payload">
/// The payload of a message or control frame, unmasked and inflated; for a Close frame its reason. Invalid after the next call of the reader.
/// </param>
/// <param name="CloseCode">The code of a Close frame; <see cref="CloseCodes.None"/> if it has none.</param>
/// <param name="Error">The error, if there was one.</param>
public readonly record struct Received(ReceivedKind Kind, ReadOnlyMemory<byte> Payload = default, int CloseCode = 0, ReadError? Error = null);
