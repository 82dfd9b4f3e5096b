namespace Danmaku.Core.Limits;

/// <summary>Measures for how long somebody has been over a rate, and always had more to say when its turn came.</summary>
/// <remarks>Not thread-safe; it has one owner, who keeps it where it is.</remarks>
public struct PushTimer(TimeProvider time)
{
    /// <summary>A client that pauses for so long after its last turn does not push.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private long? _since;
    private long _turnAt;

    /// <summary>How long it has pushed; zero when it does not.</summary>
    public readonly TimeSpan Pushed => _since is { } since ? time.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>It has something to say.</summary>
    /// <param name="isEased">Whether much of what it may say is left. A token that is there because a timer was late is no pause.</param>
    /// <param name="now">A timestamp of the clock.</param>
    public void Ask(bool isEased, long now)
    {
        if (isEased || time.GetElapsedTime(_turnAt, now) > Pause)
        {
            _since = null;
        }
    }

    /// <summary>It has to wait for its turn.</summary>
    public void Wait(long now) => _since ??= now;

    /// <summary>Its turn comes.</summary>
    /// <param name="after">How long after <paramref name="now"/>.</param>
    public void Turn(long now, TimeSpan after = default) => _turnAt = now + (long)(after.TotalSeconds * time.TimestampFrequency);
}
