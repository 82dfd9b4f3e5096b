using Akka.Remote;
using Akka.Remote.Transport;

namespace Danmaku.Actors.Cluster;

/// <summary>Tells whether a connection failed because one of the two systems has quarantined the other.</summary>
/// <remarks>
/// On the side that was quarantined Akka.NET 1.5.73 has a type for it, <see cref="ThisActorSystemQuarantinedEvent"/>. The other side, when it connects, gets an
/// ordinary <see cref="AkkaProtocolException"/> that says so only in its message. It knows that it has quarantined the peer, but not that the peer still runs.
/// Only this class reads that message. RefusalTests let two systems quarantine each other, and fail when Akka.NET changes the message.
/// </remarks>
public static class Refusal
{
    private const string Word = "quarantined";

    public static bool Is(Exception? cause) =>
        cause is AkkaProtocolException && cause.Message.Contains(Word, StringComparison.Ordinal)
        || cause is not null && Is(cause.InnerException);
}
