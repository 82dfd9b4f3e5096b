using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using Akka.Remote;

namespace Danmaku.Actors.Cluster;

/// <summary>Ends a node that is cut off from the cluster or badly connected, so that it is started again and joins anew.</summary>
/// <remarks>
/// There are four cases. First, an edge has heard no origin for long: it is cut off, or all its origins have restarted and formed a cluster that only a
/// restarted edge finds. Second, a node has a bad link to a member that others can reach, so nobody removes it: the one of lower rank ends, edges before
/// origins. Third, a node was removed while it could not be told: it learns that when the others refuse its connections. Fourth, the cluster is in parts that
/// do not know each other: halves that have removed each other, or a first seed that restarted alone. Therefore origins contact the seeds that are not members;
/// if one of them runs apart, <see cref="SplitBrainStrategy.GivesWay"/> decides whose part ends. A seed that only hung, or is about to join, does not stay
/// apart for long.
/// </remarks>
public sealed class SplitHealer : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan CallEvery = TimeSpan.FromSeconds(10);

    /// <summary>Longer than it takes to remove a lost member, and than a removed node takes to end.</summary>
    private static readonly TimeSpan TroubleAfter = TimeSpan.FromSeconds(30);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly IReadOnlyList<Address> _seeds;
    private readonly TimeSpan _orphanAfter;
    private readonly UnreachabilityTimer<Trouble> _orphan;
    private readonly UnreachabilityTimer<Trouble> _troubles;
    private readonly HashSet<Address> _apart = [];
    private bool _isEnding;

    /// <param name="seeds">The seeds of all nodes, in order.</param>
    /// <param name="orphanAfter">How long an edge goes on without hearing any origin.</param>
    public SplitHealer(IReadOnlyList<Address> seeds, TimeSpan orphanAfter, TimeProvider time)
    {
        (_seeds, _orphanAfter) = (seeds, orphanAfter);
        _orphan = new UnreachabilityTimer<Trouble>(orphanAfter, time);
        _troubles = new UnreachabilityTimer<Trouble>(TroubleAfter, time);

        Receive<Tick>(_ => OnTick());
        Receive<Call>(_ => OnCall());
        Receive<ThisActorSystemQuarantinedEvent>(told => OnRefusedBy(told.RemoteAddress));
        Receive<AssociationErrorEvent>(failed => Refusal.Is(failed.Cause), failed => OnRefusedBy(failed.RemoteAddress));
        Receive<AssociationErrorEvent>(failed => _apart.Remove(failed.RemoteAddress));
        Receive<ActorIdentity>(found => found.Subject is not null, found => OnFound(found.Subject.Path.Address));
        Receive<ActorIdentity>(_ => _apart.Remove(Sender.Path.Address));
    }

    private enum Trouble
    {
        NoOrigin,
        BadLink,
        OtherPart,
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        // Gossip may report it before a connection is refused. A node that leaves by itself is ending already.
        var system = Context.System;
        _cluster.RegisterOnMemberRemoved(() => CoordinatedShutdown.Get(system).Run(
            CoordinatedShutdown.ClusterDowningReason.Instance, CoordinatedShutdown.PhaseBeforeActorSystemTerminate));
        Context.System.EventStream.Subscribe(Self, typeof(ThisActorSystemQuarantinedEvent));
        Context.System.EventStream.Subscribe(Self, typeof(AssociationErrorEvent));
        Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, Every);
        Timers.StartPeriodicTimer(nameof(Call), Call.Instance, CallEvery);
    }

    private void OnTick()
    {
        Trouble[] troubles = IsMember(_cluster.SelfAddress) ? [.. TroublesIn(_cluster.State)] : [];
        _orphan.Observe(troubles);
        _troubles.Observe(troubles);
        if (_orphan.Of(Trouble.NoOrigin) == PeerState.Lost)
        {
            End($"This node has heard no origin for {_orphanAfter}");
        }
        else if (_troubles.Of(Trouble.BadLink) == PeerState.Lost)
        {
            End($"For {TroubleAfter} this node, and no other, has not heard a member");
        }
        else if (_troubles.Of(Trouble.OtherPart) == PeerState.Lost)
        {
            EndSide();
        }
    }

    private IEnumerable<Trouble> TroublesIn(ClusterEvent.CurrentClusterState state)
    {
        Member[] members = [.. state.Members.Where(member => member.Status is MemberStatus.WeaklyUp or MemberStatus.Up or MemberStatus.Leaving)];
        if (!IsOriginItself && !members.Any(member => IsOrigin(member) && Hears(member) && !state.IsSilent(member)))
        {
            yield return Trouble.NoOrigin;
        }

        if (members.Any(member => IsAbove(member) && !Hears(member)))
        {
            yield return Trouble.BadLink;
        }

        _apart.RemoveWhere(IsMember);
        if (SplitBrainStrategy.GivesWay([.. PlacesOf(IsMember)], [.. PlacesOf(_apart.Contains)]))
        {
            yield return Trouble.OtherPart;
        }
    }

    /// <summary>
    /// A seed answers if its <see cref="Up"/> runs; a seed that was removed from here, or has removed this node, refuses the connection. Seeds that do not
    /// answer are contacted again and again.
    /// </summary>
    private void OnCall()
    {
        if (!IsOriginItself)
        {
            return;
        }

        if (_cluster.SelfMember.Status == MemberStatus.Up && Context.Child(nameof(Up)).IsNobody())
        {
            Context.ActorOf(Props.Create<Up>(), nameof(Up));
        }

        foreach (var seed in _seeds.Where(seed => !IsMember(seed)))
        {
            Context.ActorSelection(new RootActorPath(seed) / Self.Path.Elements.Append(nameof(Up))).Tell(new Identify(nameof(Call)));
        }
    }

    private void OnRefusedBy(Address address)
    {
        if (!IsMember(address))
        {
            OnFound(address);
        }
        else if (_cluster.State.Members.Any(member => member.Address.Equals(address) && IsOrigin(member)))
        {
            // There is no member to hand rooms to, or to leave from.
            End($"{address} has removed this node from the cluster", CoordinatedShutdown.PhaseBeforeActorSystemTerminate);
        }
    }

    private void OnFound(Address address) => _apart.UnionWith(_seeds.Where(address.Equals));

    private void EndSide()
    {
        foreach (var member in _cluster.State.Members.Where(member => !member.UniqueAddress.Equals(_cluster.SelfUniqueAddress)))
        {
            _cluster.Down(member.Address);
        }

        End($"For {TroubleAfter} {string.Join(", ", _apart)} has gone on without this part of the cluster");
    }

    /// <param name="fromPhase">The phase in which shutting down begins; null begins with leaving the cluster.</param>
    private void End(string why, string? fromPhase = null)
    {
        if (!_isEnding)
        {
            _isEnding = true;
            _log.Warning("{0}: this node ends, to be started again and to join anew", why);
            CoordinatedShutdown.Get(Context.System).Run(CoordinatedShutdown.ClusterDowningReason.Instance, fromPhase);
        }
    }

    private bool IsOriginItself => _cluster.SelfRoles.Contains(ClusterRoles.Origin);

    private bool IsMember(Address address) => _cluster.State.Members.Any(member => member.Address.Equals(address));

    /// <summary>Whether the other node stays when the link between it and this node is bad.</summary>
    private bool IsAbove(Member other) => IsOrigin(other) == IsOriginItself
        ? other.UniqueAddress.CompareTo(_cluster.SelfUniqueAddress) < 0
        : IsOrigin(other);

    /// <summary>Whether this node itself can reach it, whatever others report.</summary>
    private bool Hears(Member member) => _cluster.FailureDetector.IsAvailable(member.Address);

    private IEnumerable<int> PlacesOf(Func<Address, bool> which) => Enumerable.Range(0, _seeds.Count).Where(place => which(_seeds[place]));

    private static bool IsOrigin(Member member) => member.HasRole(ClusterRoles.Origin);

    private sealed record Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }

    private sealed record Call : INoSerializationVerificationNeeded
    {
        public static readonly Call Instance = new();
    }

    /// <summary>Runs while this node is Up, so that others can distinguish it from a node that is about to join.</summary>
    private sealed class Up : ReceiveActor;
}
