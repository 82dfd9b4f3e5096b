using Danmaku.Actors.Rooms;

namespace Danmaku.Actors.Identities;

/// <summary>
/// Messages between the <see cref="DeploymentKeyActor"/>s of the nodes. A release that does not know them does not subscribe to their topic.
/// </summary>
public static class DeploymentKeyProtocol
{
    /// <summary>To all origins: what is the deployment's secret? Answered with <see cref="TellDeploymentKey"/>; safe to repeat, and repeated.</summary>
    public sealed record AskDeploymentKey : IWireMessage
    {
        public static readonly AskDeploymentKey Instance = new();
    }

    /// <summary>The answer of an origin that has it.</summary>
    public sealed record TellDeploymentKey(ReadOnlyMemory<byte> Secret) : IWireMessage
    {
        /// <summary>It is for nobody's log.</summary>
        public override string ToString() => nameof(TellDeploymentKey);
    }
}
