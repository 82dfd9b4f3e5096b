namespace Danmaku.WebSockets;

/// <summary>What a <see cref="MessageReader"/> takes. Shared by all connections of a kind.</summary>
/// <param name="MaxMessageBytes">Most bytes of a message, all its fragments together and inflated; 1 to 1 GiB.</param>
public sealed record ReaderOptions(int MaxMessageBytes)
{
    /// <summary>Whether binary messages are read; else their first byte is refused.</summary>
    public bool Binary { get; init; } = true;

    /// <summary>
    /// Whether <c>permessage-deflate</c> was agreed on, with <c>client_no_context_takeover</c> (RFC 7692 §7.1.1.2): each message stands for itself.
    /// </summary>
    public bool Deflate { get; init; }

    /// <summary>What is asked before half a message is kept; null for as much as there is.</summary>
    public IMemoryBudget? Memory { get; init; }

    /// <summary>
    /// Most bytes of a compressed message as it comes. Even a client that flushes after each byte needs no more; without a bound a message of empty blocks
    /// would never end.
    /// </summary>
    public long MaxDeflatedBytes => (16L * MaxMessageBytes) + 1024;
}
