namespace Danmaku.Node.Strangers;

/// <summary>What counts in the memory budget for what is not measured: constants for the most that it takes.</summary>
internal static class Costs
{
    /// <summary>
    /// An open connection without what is counted by itself: the HTTP server's state, or a viewer with its actor and <see cref="WebSockets.HeldMemory.FreeBytes"/>
    /// of a message.
    /// </summary>
    public const int Connection = 16 * 1024;

    /// <summary>An HTTP request: the part of its answer that waits to be sent, and the copy of it that is being sent.</summary>
    public const int Request = 128 * 1024;
}
