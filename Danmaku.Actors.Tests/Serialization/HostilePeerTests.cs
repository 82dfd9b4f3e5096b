using Akka.Actor;
using Akka.Configuration;
using Danmaku.Actors.Tests.Cluster;
using Xunit;

namespace Danmaku.Actors.Tests.Serialization;

/// <summary>Somebody who is no member of the cluster reaches a node's remoting port.</summary>
[Trait("Category", "cluster")]
public sealed class HostilePeerTests
{
    private const string Remoting = """
        akka.loglevel = OFF
        akka.stdout-loglevel = OFF
        akka.actor.provider = remote
        akka.remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 }
        """;

    [Fact]
    public async Task Json_by_type_name_is_refused_and_never_becomes_an_object()
    {
        await using var cluster = await TestCluster.StartAsync(("node", "origin,edge"));
        var listener = cluster["node"].System.ActorOf(Props.Create<Listener>(), "listener");
        using var outside = ActorSystem.Create("outside", ConfigurationFactory.ParseString(Remoting));
        var target = outside.ActorSelection($"akka.tcp://danmaku@127.0.0.1:{cluster["node"].Port}/user/listener");

        target.Tell(new Gadget { Text = "by type name" });
        // A string has a serializer of its own. It comes after the JSON on the same connection, so when it is here the other was refused.
        target.Tell("marker");

        var heard = await listener.Ask<object[]>(new Listener.Hear(), TimeSpan.FromSeconds(20));
        Assert.Equal(["marker"], heard);
        Assert.Equal(0, Gadget.Created - Gadget.CreatedHere);
    }

    /// <summary>Says what it heard, once there is something.</summary>
    private sealed class Listener : ReceiveActor
    {
        private readonly List<object> _heard = [];
        private IActorRef? _asker;

        public Listener()
        {
            Receive<Hear>(_ =>
            {
                _asker = Sender;
                Answer();
            });
            ReceiveAny(message =>
            {
                _heard.Add(message);
                Answer();
            });
        }

        private void Answer()
        {
            if (_heard.Count > 0)
            {
                _asker?.Tell(_heard.ToArray());
            }
        }

        public sealed record Hear;
    }

    /// <summary>Counts how often it was made; only once by the test itself.</summary>
    public sealed class Gadget
    {
        public const int CreatedHere = 1;

        private static int _created;

        public Gadget() => Interlocked.Increment(ref _created);

        public static int Created => _created;

        public string Text { get; set; } = "";
    }
}
