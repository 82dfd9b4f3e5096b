using Akka.Actor;
using Danmaku.Actors.Rooms;
using static Danmaku.Actors.Posts.PostProtocol;

namespace Danmaku.Actors.Posts;

/// <summary>Sends the answers for one edge's posts back to it, many in one message. To rooms it is the sender of these posts.</summary>
public sealed class AckBatcher : ReceiveActor
{
    /// <summary>Bytes of an answer in a message.</summary>
    private const int AnswerBytes = 64;

    private readonly TimeProvider _time;
    private readonly AdaptiveBatcher<RoomProtocol.PostAnswer> _answers;

    public AckBatcher(IActorRef edge, TimeProvider time)
    {
        _time = time;
        _answers = new AdaptiveBatcher<RoomProtocol.PostAnswer>(answers => edge.Tell(new PostAnswers(answers)), _ => AnswerBytes, time);

        Receive<RoomProtocol.PostAnswer>(answer => Pause(_answers.Add(answer)));
        Receive<PauseOver>(_ => Pause(_answers.EndPause()));
    }

    private void Pause(TimeSpan? pause)
    {
        if (pause is { } wait)
        {
            Task.Delay(wait, _time).PipeTo(Self, success: () => PauseOver.Instance);
        }
    }

    private sealed record PauseOver : INoSerializationVerificationNeeded
    {
        public static readonly PauseOver Instance = new();
    }
}
