using Akka.Actor;
using Akka.Cluster;
using Akka.Event;

namespace Danmaku.Actors.Cluster;

/// <summary>Replaces Akka.NET's own strategies by <see cref="SplitBrainStrategy"/>: <c>akka.cluster.downing-provider-class</c>.</summary>
public sealed class DowningProvider(ExtendedActorSystem system, Akka.Cluster.Cluster cluster) : IDowningProvider
{
    public TimeSpan DownRemovalMargin => system.Settings.Config.GetTimeSpan("akka.cluster.down-removal-margin");

    /// <summary>Null on edges: they have no vote.</summary>
    public Props? DowningActorProps => cluster.SelfRoles.Contains(ClusterRoles.Origin)
        ? Props.Create<DowningActor>(system.Settings.Config.GetTimeSpan("akka.cluster.split-brain-resolver.stable-after"), TimeProvider.System)
        : null;
}

/// <summary>Carries out <see cref="SplitBrainStrategy"/> on an origin.</summary>
public sealed class DowningActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    /// <summary>How much longer <see cref="SplitBrainStrategy.IsWeakHalf"/> waits: most splits are over by then.</summary>
    private static readonly TimeSpan WeakHalfWaits = TimeSpan.FromSeconds(20);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly UnreachabilityTimer<UniqueAddress> _silence;
    private readonly UnreachabilityTimer<UniqueAddress> _longSilence;

    /// <param name="stableAfter">How long a member must be silent before it is removed.</param>
    public DowningActor(TimeSpan stableAfter, TimeProvider time)
    {
        _silence = new UnreachabilityTimer<UniqueAddress>(stableAfter, time);
        _longSilence = new UnreachabilityTimer<UniqueAddress>(stableAfter + WeakHalfWaits, time);

        Receive<Tick>(_ => OnTick());
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, Every);

    private void OnTick()
    {
        var state = _cluster.State;
        var members = state.Members.Where(member => member.Status is not (MemberStatus.Down or MemberStatus.Exiting or MemberStatus.Removed)).ToArray();
        UniqueAddress[] silent = [.. members.Where(member => state.IsSilent(member)).Select(member => member.UniqueAddress)];
        _silence.Observe(silent);
        _longSilence.Observe(silent);
        Peer<UniqueAddress>[] peers = [.. members.Select(member => ToPeer(member, _silence))];
        if (SplitBrainStrategy.IsWeakHalf(peers))
        {
            peers = [.. members.Select(member => ToPeer(member, _longSilence))];
        }

        Down(SplitBrainStrategy.Decide(peers, _cluster.SelfUniqueAddress), peers);
    }

    private void Down(IReadOnlyList<UniqueAddress> leaving, Peer<UniqueAddress>[] peers)
    {
        if (leaving.Count == 0)
        {
            return;
        }

        var origins = peers.Where(peer => peer is { IsOrigin: true, Counts: true }).ToArray();
        _log.Warning(
            "{0} of {1} origins can be reached: removing {2} from the cluster",
            origins.Count(peer => peer.State == PeerState.Here), origins.Length, string.Join(", ", leaving.Select(id => id.Address)));

        // This node comes last: it may stop before it has told the others.
        foreach (var id in leaving.OrderBy(id => id.Equals(_cluster.SelfUniqueAddress)))
        {
            _cluster.Down(id.Address);
        }
    }

    private static Peer<UniqueAddress> ToPeer(Member member, UnreachabilityTimer<UniqueAddress> silence) => new(
        member.UniqueAddress,
        member.HasRole(ClusterRoles.Origin),
        member.Status is MemberStatus.Up or MemberStatus.Leaving,
        silence.Of(member.UniqueAddress));

    private sealed record Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
