using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Dispatch.MessageQueues;

namespace Danmaku.Actors.Connections;

/// <summary>
/// A mailbox for very many actors that are mostly idle. The default mailbox takes 0.9 KiB from its first message on.
/// </summary>
public sealed class SmallMailbox(Settings settings, Config config)
    : MailboxType(settings, config), IProducesMessageQueue<SmallMailbox.Messages>
{
    /// <summary>Its key in the configuration.</summary>
    public const string Path = "danmaku.small-mailbox";

    public override IMessageQueue Create(IActorRef owner, ActorSystem system) => new Messages();

    /// <summary>A queue only while messages wait.</summary>
    public sealed class Messages : IMessageQueue, IUnboundedMessageQueueSemantics
    {
        /// <summary>A longer queue is given up when it is empty.</summary>
        private const int Kept = 4;

        private readonly Lock _gate = new();
        private Queue<Envelope>? _waiting;

        public bool HasMessages => Count > 0;

        public int Count
        {
            get
            {
                lock (_gate)
                {
                    return _waiting?.Count ?? 0;
                }
            }
        }

        public void Enqueue(IActorRef receiver, Envelope envelope)
        {
            lock (_gate)
            {
                (_waiting ??= new Queue<Envelope>(Kept)).Enqueue(envelope);
            }
        }

        public bool TryDequeue(out Envelope envelope)
        {
            lock (_gate)
            {
                if (_waiting is null || !_waiting.TryDequeue(out envelope))
                {
                    envelope = default;
                    return false;
                }

                if (_waiting.Count == 0 && _waiting.Capacity > Kept)
                {
                    _waiting = null;
                }

                return true;
            }
        }

        public void CleanUp(IActorRef owner, IMessageQueue deadletters)
        {
            while (TryDequeue(out var envelope))
            {
                deadletters.Enqueue(owner, envelope);
            }
        }
    }
}
