using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace Danmaku.Actors.Serialization;

/// <summary>
/// Takes the place (id 1) of Akka.NET's JSON serializer, which creates whatever type the sender names. Whoever can reach the remoting
/// port could make use of that; so nothing is written or read this way.
/// </summary>
public sealed class RejectingSerializer : Serializer
{
    /// <remarks>Akka.NET passes <paramref name="config"/> because <c>akka.actor.serialization-settings.json</c> exists.</remarks>
    public RejectingSerializer(ExtendedActorSystem system, Config config)
        : base(system) => _ = config;

    public override int Identifier => 1;

    public override bool IncludeManifest => false;

    /// <exception cref="SerializationException">Always: a message without a serializer of its own does not leave this node.</exception>
    public override byte[] ToBinary(object obj) =>
        throw new SerializationException($"{obj.GetType()} has no serializer: bind it to one, or keep it on one node");

    /// <exception cref="SerializationException">Always.</exception>
    public override object FromBinary(byte[] bytes, Type type) =>
        throw new SerializationException("JSON by type name is not accepted");
}
