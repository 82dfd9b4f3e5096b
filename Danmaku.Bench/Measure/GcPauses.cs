namespace Danmaku.Bench.Measure;

/// <summary>What a runtime says of stopping all of its threads.</summary>
public enum SuspensionStage
{
    /// <summary>A thread asks for it.</summary>
    Asked,

    /// <summary>That thread has it: no other runs.</summary>
    Stopped,

    /// <summary>All run again. A background collection lets another thread say so than the one that asked.</summary>
    Restarted,
}

/// <param name="Thread">Who says it.</param>
/// <param name="IsCollection">When it is asked for: whether that is for garbage collection.</param>
public readonly record struct Suspension(SuspensionStage Stage, long Thread, DateTimeOffset At, bool IsCollection = true);

/// <summary>A time in which garbage collection let nothing run, from when it was asked for.</summary>
public readonly record struct GcPause(DateTimeOffset At, TimeSpan Length);

/// <summary>A server's pauses, each once.</summary>
public sealed record GcPauses(string Server, IReadOnlyList<GcPause> Pauses)
{
    /// <param name="suspensions">In the order of their times. What began before them or ends after them is left out.</param>
    public static GcPauses Of(string server, IEnumerable<Suspension> suspensions)
    {
        var (pauses, asked) = (new List<GcPause>(), new Dictionary<long, Suspension>());
        var (stopped, ran) = ((Suspension?)null, DateTimeOffset.MinValue);
        foreach (var suspension in suspensions)
        {
            switch (suspension.Stage)
            {
                case SuspensionStage.Asked:
                    asked[suspension.Thread] = suspension;
                    break;
                case SuspensionStage.Stopped:
                    stopped = asked.Remove(suspension.Thread, out var begin) ? begin : null;
                    break;
                default:
                    if (stopped is { IsCollection: true } pause)
                    {
                        // Who asks during the pause of another waits for that first.
                        var at = pause.At > ran ? pause.At : ran;
                        pauses.Add(new GcPause(at, suspension.At - at));
                    }

                    (stopped, ran) = (null, suspension.At);
                    break;
            }
        }

        return new GcPauses(server, pauses);
    }

    /// <summary>Those that began in this time.</summary>
    public Latency During(DateTimeOffset begin, TimeSpan duration)
    {
        var recorder = new LatencyRecorder();
        foreach (var pause in Pauses.Where(pause => pause.At >= begin && pause.At < begin + duration))
        {
            recorder.Record((long)pause.Length.TotalMicroseconds);
        }

        return recorder.Summary();
    }
}
