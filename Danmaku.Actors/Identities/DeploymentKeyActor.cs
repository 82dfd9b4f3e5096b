using Akka.Actor;
using Akka.Cluster.Tools.PublishSubscribe;
using Danmaku.Core.Identities;
using Danmaku.Core.Storage;
using static Danmaku.Actors.Identities.DeploymentKeyProtocol;

namespace Danmaku.Actors.Identities;

/// <summary>
/// Gets the deployment's key: an origin from its store, where it is made once, and any other node from an origin. Until then nobody waits for it, and it
/// asks again and again.
/// </summary>
public sealed class DeploymentKeyActor : ReceiveActor, IWithTimers
{
    private const string Topic = "dm-deployment-key";

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    private readonly IActorRef _mediator = DistributedPubSub.Get(Context.System).Mediator;
    private readonly DeploymentKeyHandle _handle;
    private readonly IRoomStore? _store;
    private ReadOnlyMemory<byte>? _secret;
    private bool _isReading;

    /// <param name="store">Null on a node that is no origin.</param>
    public DeploymentKeyActor(DeploymentKeyHandle handle, IRoomStore? store)
    {
        (_handle, _store) = (handle, store);

        Receive<AskDeploymentKey>(_ => OnAsked());
        Receive<TellDeploymentKey>(OnTold);
        Receive<StoreTold>(OnStoreTold);
        Receive<Tick>(_ => Ask());
        Receive<SubscribeAck>(_ => { });
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        if (_store is not null)
        {
            _mediator.Tell(new Subscribe(Topic, Self));
        }

        Timers.StartPeriodicTimer(nameof(Tick), Tick.Instance, Every);
        Ask();
    }

    private void Ask()
    {
        if (_store is null)
        {
            _mediator.Tell(new Publish(Topic, AskDeploymentKey.Instance));
        }
        else if (!_isReading)
        {
            _isReading = true;
            _store.SecretAsync(DeploymentKey.Name, CancellationToken.None)
                .PipeTo(Self, success: secret => new StoreTold(secret), failure: _ => new StoreTold(null));
        }
    }

    private void OnAsked()
    {
        if (_secret is { } secret)
        {
            Sender.Tell(new TellDeploymentKey(secret));
        }
    }

    /// <summary>An origin believes its store alone.</summary>
    private void OnTold(TellDeploymentKey told)
    {
        if (_store is null)
        {
            Take(told.Secret);
        }
    }

    private void OnStoreTold(StoreTold told)
    {
        _isReading = false;
        if (told.Secret is { } secret)
        {
            Take(secret);
        }
    }

    private void Take(ReadOnlyMemory<byte> secret)
    {
        if (_secret is null)
        {
            _secret = secret;
            _handle.Set(new DeploymentKey(secret.Span));
            Timers.Cancel(nameof(Tick));
        }
    }

    /// <param name="Secret">Null when it did not answer.</param>
    private sealed record StoreTold(ReadOnlyMemory<byte>? Secret) : INoSerializationVerificationNeeded;

    /// <summary>Ask again.</summary>
    public sealed record Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
