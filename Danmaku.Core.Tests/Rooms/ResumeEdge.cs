using System.Text.Json;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;

namespace Danmaku.Core.Tests.Rooms;

/// <summary>One room on an edge and who joins it there, step by step as docs/vectors/resume.json has them.</summary>
internal sealed class ResumeEdge(RoomLimits limits)
{
    private readonly EdgeRoom _room = new(limits);
    private readonly List<(Position? Last, int History)> _waiting = [];
    private readonly List<string> _sent = [];
    private readonly List<string> _answers = [];

    /// <summary>What the last step made the edge send to all viewers who are here.</summary>
    public IEnumerable<string> Sent => _sent;

    /// <summary>What the edge wants of its origin.</summary>
    public string? Asked => _room.Missing is { } missing ? ResumeNotation.Write(missing) : null;

    /// <summary>What the last step made the edge answer to those who come.</summary>
    public IEnumerable<string> Answers => _answers;

    public void Do(JsonElement step)
    {
        _sent.Clear();
        _answers.Clear();
        var isAnswer = false;
        var first = step.EnumerateObject().First();
        switch (first.Name)
        {
            case "attached":
                _room.Attached(HeadOf(first.Value), ResumeNotation.ReadBatches(step.GetProperty("page")));
                isAnswer = true;
                break;
            case "gone":
                _room.OnGone(
                    ResumeNotation.ReadPosition(first.Value)!.Value,
                    HeadOf(step.GetProperty("head")),
                    ResumeNotation.ReadBatches(step.GetProperty("newest")));
                isAnswer = true;
                break;
            case "slice":
                _room.Slice(ResumeNotation.ReadBatch(first.Value.GetString()!));
                break;
            case "head":
                _room.OnHead(HeadOf(first.Value));
                break;
            case "giveUp":
                _room.GiveUp();
                break;
            case "join":
                _waiting.Add((ResumeNotation.ReadPosition(first.Value), History(step)));
                break;
            case "forgotten":
                Take();
                Begin(ResumeNotation.ReadPosition(first.Value), History(step));
                break;
            default:
                throw new InvalidDataException($"Nobody knows the step {first.Name}");
        }

        LetIn(isAnswer);
        Take();
    }

    private static RoomHead HeadOf(JsonElement value) => ResumeNotation.ReadHead(value.GetString()!);

    private static int History(JsonElement step) =>
        step.TryGetProperty("history", out var history) ? history.GetInt32() : ClientMessage.DefaultHistory;

    /// <summary>Those who come when the room is known, and complete to where they are: or who hear from the origin that it never will be.</summary>
    private void LetIn(bool isAnswer)
    {
        Take();
        foreach (var viewer in _waiting.Where(viewer => _room.IsAttached && (isAnswer || !_room.IsBehind(viewer.Last))).ToList())
        {
            _waiting.Remove(viewer);
            if (_room.IsOlder(viewer.Last))
            {
                _answers.Add("reads on");
            }
            else
            {
                Begin(viewer.Last, viewer.History);
            }
        }
    }

    private void Begin(Position? last, int history)
    {
        var start = _room.Join(last, history);
        _answers.Add(JsonSerializer.Serialize(new
        {
            position = ResumeNotation.Write(start.Position),
            lost = start.IsLost,
            batches = start.Batches.Select(ResumeNotation.Write),
        }));
    }

    private void Take() => _sent.AddRange(_room.Take().Select(delivery => delivery switch
    {
        Delivery.Comments comments => ResumeNotation.Write(comments.Batch),
        Delivery.Lost lost => $"lost {ResumeNotation.Write(lost.Position)}",
        _ => throw new InvalidOperationException(),
    }));
}
