namespace Danmaku.Node.Strangers;

/// <summary>Constants in the memory budget for memory that is not measured: upper bounds.</summary>
internal static class Costs
{
    /// <summary>
    /// An open connection, without the memory that is counted separately: the HTTP server's state, or a viewer with its actor and
    /// <see cref="WebSockets.HeldMemory.FreeBytes"/> of a message.
    /// </summary>
    public const int Connection = 16 * 1024;

    /// <summary>An HTTP request: the part of its answer that waits to be sent, and the copy of it that is being sent.</summary>
    public const int Request = 128 * 1024;
}
