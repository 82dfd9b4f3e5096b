using Akka.Remote;
using Akka.Remote.Transport;

namespace Danmaku.Actors.Cluster;

/// <summary>Tells of a connection that failed whether that was since one of the two systems has put the other out.</summary>
/// <remarks>
/// Akka.NET 1.5.73 has a type for it on the side that was put out, <see cref="ThisActorSystemQuarantinedEvent"/>. The side that has put the other out, and calls it, gets an
/// <see cref="AkkaProtocolException"/> like any other, which says so in words only; that it has put it out it knows, but not that it is there. The words are read here and nowhere
/// else. RefusalTests has two systems put each other out, and fails where Akka.NET puts it in other words.
/// </remarks>
public static class Refusal
{
    private const string Word = "quarantined";

    public static bool Is(Exception? cause) =>
        cause is AkkaProtocolException && cause.Message.Contains(Word, StringComparison.Ordinal)
        || cause is not null && Is(cause.InnerException);
}
