namespace Danmaku.WebSockets;

/// <summary>The limits of a <see cref="MessageReader"/>. Shared by all connections of a kind.</summary>
/// <param name="MaxMessageBytes">Most bytes of a message, all its fragments together and inflated; 1 to 1 GiB.</param>
public sealed record ReaderOptions(int MaxMessageBytes)
{
    /// <summary>Whether binary messages are allowed; otherwise their first byte is refused.</summary>
    public bool Binary { get; init; } = true;

    /// <summary>
    /// Whether <c>permessage-deflate</c> was agreed on, with <c>client_no_context_takeover</c> (RFC 7692 §7.1.1.2): each message is independent.
    /// </summary>
    public bool Deflate { get; init; }

    /// <summary>The budget for unfinished messages; null for no bound.</summary>
    public IMemoryBudget? Memory { get; init; }

    /// <summary>
    /// Most bytes of a compressed message before it is inflated. Even a client that flushes after each byte needs no more; without a bound a message of empty
    /// blocks would never end.
    /// </summary>
    public long MaxDeflatedBytes => (16L * MaxMessageBytes) + 1024;
}
