using Danmaku.Core.Rooms;

namespace Danmaku.Chaos.Checks;

/// <summary>What became of the posts of a run, measured against the logs of their rooms.</summary>
/// <param name="Acked">Acknowledged as durable, at once or later.</param>
/// <param name="Undurable">Acknowledged, and never as durable.</param>
/// <param name="Refused">For good, by the reason given last.</param>
/// <param name="Unresolved">Sent, and nobody ever said what became of it.</param>
/// <param name="Lost">Acknowledged, and not where the acknowledgement says.</param>
/// <param name="Doubled">In the logs more than once; every place after the first counts.</param>
/// <param name="Contradictions">Acknowledged at two places, in the wrong room, or refused and there.</param>
public sealed record PostFinding(
    long Sent,
    long Resent,
    long Acked,
    long Undurable,
    IReadOnlyDictionary<string, int> Refused,
    long Unresolved,
    Tally Lost,
    Tally Doubled,
    long Contradictions,
    IReadOnlyList<string> Examples);

/// <summary>Measures what posters were told against the logs of the rooms.</summary>
public sealed class PostCheck(IReadOnlyDictionary<RoomId, RoomLog> logs, IReadOnlyDictionary<RoomId, OpenEnds> ends)
{
    private const int MaxExamples = 10;

    private readonly List<string> _examples = [];
    private Tally _lost;
    private Tally _doubled;
    private long _contradictions;

    public PostFinding Check(IReadOnlyCollection<PostRecord> posts)
    {
        foreach (var post in posts)
        {
            Check(post);
        }

        PostRecord[] sent = [.. posts.Where(post => post.Sent > 0)];
        return new PostFinding(
            sent.Length,
            sent.Sum(post => post.Sent - 1L),
            sent.LongCount(IsSafe),
            sent.LongCount(post => post.IsAcked && !IsSafe(post)),
            sent.Where(post => post.GivenUp is not null && !post.IsAcked).CountBy(post => post.GivenUp!).ToDictionary(),
            sent.LongCount(post => !post.IsSettled),
            _lost,
            _doubled,
            _contradictions,
            _examples);
    }

    private void Check(PostRecord post)
    {
        Position[] places = [.. logs[post.Room].PlacesOf(post.Number)];
        var isOpen = post.IsAcked && !IsSafe(post);
        if (logs.Any(log => log.Key != post.Room && log.Value.PlacesOf(post.Number).Any()))
        {
            Contradict(post, "is in another room's log");
        }

        if (post.IsRefused && places.Length > 0)
        {
            Contradict(post, $"was refused ({post.GivenUp}) and is at {places[0]}");
        }

        // A second one may be there when the first was acknowledged as not durable, and was resent.
        for (var extra = 1; extra < places.Length; extra++)
        {
            var isForeseen = isOpen || post.Acks.Any(ack => !ack.IsDurable) || ends[post.Room].Contains(places[0]);
            _doubled = _doubled.Add(isForeseen);
            Explain(!isForeseen, post, $"is at {string.Join(" and ", places)}");
        }

        CheckAcks(post, places, isOpen);
    }

    private void CheckAcks(PostRecord post, Position[] places, bool isOpen)
    {
        Position[] safe = [.. post.Acks.Where(ack => ack.IsDurable).Select(ack => ack.Position).Distinct()];
        if (safe.Length > 1 && !ends[post.Room].Contains(safe[0]))
        {
            Contradict(post, $"was acknowledged as durable at {string.Join(" and ", safe)}");
        }

        Position[] named = isOpen ? [.. post.Acks.Select(ack => ack.Position).Distinct()] : safe;
        foreach (var missing in named.Except(places))
        {
            // One that was never confirmed is safe all the same when a later one of its epoch is.
            var mayBeGone = ends[post.Room].Contains(missing);
            _lost = _lost.Add(mayBeGone);
            Explain(!mayBeGone, post, $"was acknowledged at {missing} and is not there");
        }
    }

    /// <summary>Acknowledged as durable, and durable is something here.</summary>
    private bool IsSafe(PostRecord post) =>
        post.Acks.Any(ack => ack.IsDurable && !(ends[post.Room] == OpenEnds.Everything));

    private void Contradict(PostRecord post, string what)
    {
        _contradictions++;
        Explain(true, post, what);
    }

    private void Explain(bool isWrong, PostRecord post, string what)
    {
        if (isWrong && _examples.Count < MaxExamples)
        {
            _examples.Add($"Post {post.Number} of {post.Room} {what}");
        }
    }
}
