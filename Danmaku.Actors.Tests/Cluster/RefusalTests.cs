using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Configuration;
using Akka.Remote;
using Danmaku.Actors.Cluster;
using Danmaku.Testing;
using Xunit;

namespace Danmaku.Actors.Tests.Cluster;

/// <summary>
/// What Akka.NET says when one system has put out another. <see cref="SplitHealer"/> goes by it: where it says it otherwise, a node that was put out would not
/// learn of it and never join anew.
/// </summary>
[Trait("Category", "cluster")]
public sealed class RefusalTests
{
    private const string Configuration = """
        akka.loglevel = OFF
        akka.stdout-loglevel = OFF
        akka.actor.provider = remote
        akka.remote.use-passive-connections = off
        akka.remote.retry-gate-closed-for = 100ms
        akka.remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_removed_node_and_the_node_that_removed_it_both_notice_when_they_connect()
    {
        using var one = ActorSystem.Create("one", ConfigurationFactory.ParseString(Configuration));
        using var other = ActorSystem.Create("other", ConfigurationFactory.ParseString(Configuration));
        var (failuresOfOne, failuresOfOther) = (FailuresOf(one), FailuresOf(other));
        var told = new ConcurrentQueue<Address>();
        other.EventStream.Subscribe(other.ActorOf(Props.Create(() => new Told(told))), typeof(ThisActorSystemQuarantinedEvent));
        await Task.WhenAll(FindAsync(one, other), FindAsync(other, one));
        Assert.DoesNotContain(failuresOfOne.Concat(failuresOfOther), Refusal.Is);

        ((IRemoteActorRefProvider)ProviderOf(one)).Quarantine(ProviderOf(other).DefaultAddress, AddressUidExtension.Uid(other));

        await Eventually.TrueAsync(() => Knock(one, other) && failuresOfOne.Any(Refusal.Is), Patience);
        await Eventually.TrueAsync(() => Knock(other, one) && told.Contains(ProviderOf(one).DefaultAddress), Patience);
    }

    [Fact]
    public async Task A_node_that_does_not_answer_is_no_refusal()
    {
        using var one = ActorSystem.Create("one", ConfigurationFactory.ParseString(Configuration));
        using var other = ActorSystem.Create("other", ConfigurationFactory.ParseString(Configuration));
        var failures = FailuresOf(one);
        await FindAsync(one, other);
        var there = PathOf(other);
        await other.Terminate();

        await Eventually.TrueAsync(
            () =>
            {
                one.ActorSelection(there).Tell("knock");
                return !failures.IsEmpty;
            },
            Patience);

        Assert.DoesNotContain(failures, Refusal.Is);
    }

    private static IActorRefProvider ProviderOf(ActorSystem system) => ((ExtendedActorSystem)system).Provider;

    private static string PathOf(ActorSystem system) => $"{ProviderOf(system).DefaultAddress}/user";

    private static bool Knock(ActorSystem from, ActorSystem to)
    {
        from.ActorSelection(PathOf(to)).Tell("knock");
        return true;
    }

    private static Task<ActorIdentity> FindAsync(ActorSystem from, ActorSystem to) => from.ActorSelection(PathOf(to)).Ask<ActorIdentity>(new Identify(null), Patience);

    private static ConcurrentQueue<Exception> FailuresOf(ActorSystem system)
    {
        var failures = new ConcurrentQueue<Exception>();
        system.EventStream.Subscribe(system.ActorOf(Props.Create(() => new Ear(failures))), typeof(AssociationErrorEvent));
        return failures;
    }

    private sealed class Told : ReceiveActor
    {
        public Told(ConcurrentQueue<Address> told) => Receive<ThisActorSystemQuarantinedEvent>(by => told.Enqueue(by.RemoteAddress));
    }

    private sealed class Ear : ReceiveActor
    {
        public Ear(ConcurrentQueue<Exception> failures) => Receive<AssociationErrorEvent>(failed => failures.Enqueue(failed.Cause));
    }
}
