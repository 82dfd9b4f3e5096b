using Danmaku.Bench.Measure;
using Danmaku.Core.Rooms;

namespace Danmaku.Bench.Client;

/// <summary>A viewer that speaks danmaku.v1.json, and can post.</summary>
/// <param name="isSampled">Reads every danmaku in full and takes its time; the others only look at offsets.</param>
public sealed class JsonViewer(Audience audience, bool isSampled) : ViewerClient
{
    // Messages come in one at a time, on whichever thread; each thread reads with its own.
    [ThreadStatic]
    private static ServerMessage? _scratch;

    private readonly TaskCompletionSource<SequenceChecker> _welcomed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override SequenceChecker? Sequence => _welcomed.Task is { IsCompletedSuccessfully: true } welcomed ? welcomed.Result : null;

    protected override string? Subprotocol => "danmaku.v1.json";

    public override async Task JoinAsync(Uri url, CancellationToken cancellation)
    {
        await base.JoinAsync(url, cancellation);
        Send("""{"type":"join","history":0}"""u8);
        if (await Task.WhenAny(_welcomed.Task, WhenEnded).WaitAsync(cancellation) != _welcomed.Task)
        {
            throw new InvalidDataException($"{url} did not welcome a viewer: {await WhenEnded}");
        }
    }

    public void Post(PostTag tag)
    {
        audience.Book.Sent(tag);
        Send(audience.Texts.PostMessage(tag));
    }

    public override void OnText(ReadOnlySpan<byte> message)
    {
        var isUsual = BatchScanner.TryScan(message, out var first, out var count);
        if (isUsual && !isSampled)
        {
            Deliver(first, count, previous: null);
            return;
        }

        var full = _scratch ??= new ServerMessage();
        full.Read(message, audience.Texts);
        if (isUsual && (full.First != first || full.Comments.Count != count))
        {
            throw new InvalidDataException("a batch in a form that this tool's scan does not count rightly");
        }

        OnMessage(full);
    }

    private void OnMessage(ServerMessage message)
    {
        switch (message.Type)
        {
            case "batch":
                OnBatch(message);
                break;
            case "welcome":
                _welcomed.TrySetResult(new SequenceChecker(message.Position));
                break;
            case "skipped":
                Checker.Skip(new Position(message.First.Epoch, message.Through));
                break;
            case "lost":
                Checker.Lose(message.Position);
                break;
            case "ack" when audience.Texts.TryReadId(message.Id) is { } number:
                audience.Book.Acked(number, message.Position, message.IsDurable, audience.Clock.Micros);
                break;
            case "reject" when audience.Texts.TryReadId(message.Id) is { } number:
                audience.Book.Rejected(number, message.Reason ?? "no reason");
                break;
            case "unknown" when audience.Texts.TryReadId(message.Id) is { } number:
                audience.Book.Unknown(number);
                break;
        }
    }

    private void OnBatch(ServerMessage batch)
    {
        for (var i = 0; isSampled && i < batch.Comments.Count; i++)
        {
            if (batch.Comments[i] is { } tag)
            {
                audience.Book.Seen(tag.Number, batch.First with { Offset = batch.First.Offset + i });
                audience.Arrived(tag);
            }
            else
            {
                Foreign++;
            }
        }

        Deliver(batch.First, batch.Comments.Count, batch.Previous);
    }

    private void Deliver(Position first, int count, Position? previous)
    {
        Deliveries += count;
        Checker.Accept(first, count, previous);
    }

    private SequenceChecker Checker => Sequence ?? throw new InvalidDataException("danmaku before the welcome");
}
