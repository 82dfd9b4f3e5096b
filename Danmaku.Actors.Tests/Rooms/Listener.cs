using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Util;

namespace Danmaku.Actors.Tests.Rooms;

/// <summary>Somebody to answer where there are no actors: remembers what it is told.</summary>
internal sealed class Listener(string name) : IActorRef
{
    private readonly ConcurrentQueue<object> _told = new();

    public IReadOnlyCollection<object> Told => _told;

    public ActorPath Path { get; } = new RootActorPath(new Address("akka", "test")) / name;

    public void Tell(object message, IActorRef sender) => _told.Enqueue(message);

    public bool Equals(IActorRef? other) => ReferenceEquals(this, other);

    public int CompareTo(IActorRef? other) => Path.CompareTo(other?.Path);

    public int CompareTo(object? obj) => CompareTo(obj as IActorRef);

    public ISurrogate ToSurrogate(ActorSystem system) => throw new NotSupportedException();

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => Path.GetHashCode();
}
