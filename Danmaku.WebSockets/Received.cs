namespace Danmaku.WebSockets;

/// <summary>What <see cref="MessageReader.Read"/> has found.</summary>
public enum ReceivedKind
{
    /// <summary>Nothing that is whole: all bytes were taken, and more must come.</summary>
    Nothing,

    /// <summary>A text message, whole and valid UTF-8.</summary>
    Text,

    /// <summary>A binary message, whole.</summary>
    Binary,

    /// <summary>A frame that does not end its message.</summary>
    Fragment,

    Ping,

    Pong,

    /// <summary>The client's last word: the reader passes over whatever comes after it.</summary>
    Close,

    /// <summary>The client broke a rule. From now on the reader looks for its Close frame alone.</summary>
    Error,
}

/// <summary>One thing that a client has said.</summary>
/// <param name="Payload">Of a message or control frame, unmasked and inflated; of a Close frame its reason. Gone with the next call of the reader.</param>
/// <param name="CloseCode">Of a Close frame; <see cref="CloseCodes.None"/> where it has none.</param>
/// <param name="Error">What was wrong, where something was.</param>
public readonly record struct Received(ReceivedKind Kind, ReadOnlyMemory<byte> Payload = default, int CloseCode = 0, ReadError? Error = null);
