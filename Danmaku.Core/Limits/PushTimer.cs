namespace Danmaku.Core.Limits;

/// <summary>Measures how long a client has been over a rate and always had another message ready.</summary>
/// <remarks>Not thread-safe; it has one owner, which must not copy it.</remarks>
public struct PushTimer(TimeProvider time)
{
    /// <summary>A client that pauses for this long after its last turn is not over its rate.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private long? _since;
    private long _turnAt;

    /// <summary>How long it has been over its rate; zero when it is not.</summary>
    public readonly TimeSpan Pushed => _since is { } since ? time.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>A message has come.</summary>
    /// <param name="isEased">Whether much of the burst is left. One token that is there because a timer was late is no pause.</param>
    /// <param name="now">A timestamp of the clock.</param>
    public void Ask(bool isEased, long now)
    {
        if (isEased || time.GetElapsedTime(_turnAt, now) > Pause)
        {
            _since = null;
        }
    }

    /// <summary>The message must wait for its turn.</summary>
    public void Wait(long now) => _since ??= now;

    /// <summary>Its turn comes.</summary>
    /// <param name="after">How long after <paramref name="now"/>.</param>
    public void Turn(long now, TimeSpan after = default) => _turnAt = now + (long)(after.TotalSeconds * time.TimestampFrequency);
}
