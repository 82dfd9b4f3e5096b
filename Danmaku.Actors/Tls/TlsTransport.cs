using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Event;
using Akka.Hosting.Logging;
using Akka.Remote.Transport;
using Akka.Remote.Transport.DotNetty;

namespace Danmaku.Actors.Tls;

/// <summary>Akka.NET's own TLS transport, in a separate actor system.</summary>
/// <remarks>
/// When the TLS handshake of a connection that it opens fails, that transport shuts down its actor system. So one node with an expired certificate, or one that
/// crashes at that moment, would end every healthy node that connects to it. Therefore the transport gets an empty actor system that ignores the shutdown. That
/// system also has its own log, see <see cref="TlsLogger"/>.
/// </remarks>
public sealed class TlsTransport : Transport
{
    /// <summary>Replaces Akka.NET's transport by this one.</summary>
    public static readonly string Configuration =
        $"akka.remote.dot-netty.tcp.transport-class = \"{typeof(TlsTransport).FullName}, Danmaku.Actors\"";

    /// <summary>The reason of a failed connection that <see cref="TlsLogger"/> has logged in detail.</summary>
    internal const string Failed = "No TLS connection came to be";

    /// <summary>A text of Akka.NET, because this failure has no type.</summary>
    private const string HandshakeFailed = "TLS handshake failed for ";

    /// <summary>The type is internal; this is how Akka.NET's configuration names it.</summary>
    private const string Inner = "Akka.Remote.Transport.DotNetty.TcpTransport, Akka.Remote";

    private static readonly Config Apart = ConfigurationFactory.ParseString($$"""
        akka.loggers = ["{{typeof(TlsLogger).FullName}}, Danmaku.Actors"]
        akka.loglevel = WARNING
        akka.stdout-loglevel = OFF
        akka.coordinated-shutdown.terminate-actor-system = off
        akka.coordinated-shutdown.run-by-actor-system-terminate = off
        akka.coordinated-shutdown.run-by-clr-shutdown-hook = off
        """);

    private readonly ActorSystem _apart;
    private readonly Transport _inner;
    private readonly ILoggingAdapter _log;
    private readonly string _own;

    /// <summary>Called by Akka.Remote.</summary>
    public TlsTransport(ActorSystem system, Config config)
    {
        (System, Config) = (system, config);
        var tls = system.Settings.Setup.Get<DotNettySslSetup>().Value;
        _own = $"{tls.Certificate.Subject}, valid until {tls.Certificate.NotAfter.ToUniversalTime():u}";
        _apart = ActorSystem.Create(system.Name, ActorSystemSetup.Create(
            BootstrapSetup.Create().WithConfig(Apart), tls, system.Settings.Setup.Get<LoggerFactorySetup>().Value));
        _log = Logging.GetLogger(_apart, typeof(TlsTransport));
        _inner = (Transport)Activator.CreateInstance(Type.GetType(Inner, throwOnError: true)!, _apart, config)!;
        (SchemeIdentifier, MaximumPayloadBytes) = (_inner.SchemeIdentifier, _inner.MaximumPayloadBytes);
    }

    public override Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen() => _inner.Listen();

    public override bool IsResponsibleFor(Address remote) => _inner.IsResponsibleFor(remote);

    public override async Task<AssociationHandle> Associate(Address remoteAddress)
    {
        try
        {
            return new OutboundHandle(await _inner.Associate(remoteAddress).ConfigureAwait(false), () => _log.Warning("{0}", new TlsTrouble(
                remoteAddress.ToString(),
                $"closed the connection before it sent anything: it may have refused this node's certificate ({_own}), see its log")));
        }
        catch (InvalidAssociationException error) when (error.Message.StartsWith(HandshakeFailed, StringComparison.Ordinal))
        {
            throw new InvalidAssociationException(Failed);
        }
    }

    public override async Task<bool> Shutdown()
    {
        var isComplete = await _inner.Shutdown().ConfigureAwait(false);
        await _apart.Terminate().ConfigureAwait(false);
        return isComplete;
    }

    /// <summary>
    /// A connection that this node has opened. Reports when it ends before the peer has sent anything: with TLS 1.2 the peer checks this node's certificate
    /// after the handshake has ended on this side, and disconnects if it refuses it.
    /// </summary>
    private sealed class OutboundHandle : AssociationHandle, IHandleEventListener
    {
        private readonly AssociationHandle _inner;
        private readonly Action _onRefused;
        private IHandleEventListener? _listener;
        private volatile bool _isSettled;

        public OutboundHandle(AssociationHandle inner, Action onRefused)
            : base(inner.LocalAddress, inner.RemoteAddress)
        {
            (_inner, _onRefused) = (inner, onRefused);
            ReadHandlerSource.Task.ContinueWith(
                task =>
                {
                    _listener = task.Result;
                    inner.ReadHandlerSource.TrySetResult(this);
                },
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnRanToCompletion | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }

        public override bool Write(Google.Protobuf.ByteString payload)
        {
            if (_inner.Write(payload))
            {
                return true;
            }

            if (_isSettled || _listener is null)
            {
                return false;
            }

            // It ended before there was a listener, so report the end now. As with any connection that ends, the written data is lost and the end follows.
            Settle();
            _listener.Notify(new Disassociated(DisassociateInfo.Unknown));
            return true;
        }

        public void Notify(IHandleEvent ev)
        {
            if (ev is InboundPayload)
            {
                _isSettled = true;
            }
            else if (ev is Disassociated && !_isSettled)
            {
                Settle();
            }

            _listener!.Notify(ev);
        }

        [Obsolete("Replaced in the base class by one that takes a reason, which ends here.")]
        public override void Disassociate()
        {
            _isSettled = true;
            _inner.Disassociate();
        }

        private void Settle()
        {
            _isSettled = true;
            _onRefused();
        }
    }
}
