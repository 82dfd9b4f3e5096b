using Akka.Actor;

namespace Danmaku.Actors.Tests.Rooms;

/// <summary>Keeps what it is told; there is no actor and no actor system behind it.</summary>
internal sealed class RecordingActorRef(string name) : MinimalActorRef
{
    private readonly List<object> _told = [];

    public IReadOnlyList<object> Told => _told;

    public override ActorPath Path { get; } = new RootActorPath(Address.AllSystems) / name;

    public override IActorRefProvider Provider => throw new NotSupportedException();

    protected override void TellInternal(object message, IActorRef sender) => _told.Add(message);
}
