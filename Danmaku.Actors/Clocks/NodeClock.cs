using System.Collections.Immutable;
using System.Globalization;
using Akka.Actor;
using Danmaku.Core.Clocks;
using Microsoft.Extensions.Logging;

namespace Danmaku.Actors.Clocks;

/// <summary>What this node knows of its wall clock and of those of others, for its other parts and for operators. Thread-safe.</summary>
public sealed partial class NodeClock(AgreedTime time, bool isOrigin, ILogger<NodeClock> logger)
{
    private volatile Known? _known;
    private ImmutableHashSet<Address> _wrong = [];

    public ClockState State => _known?.State ?? ClockState.Right;

    /// <summary>How long the wall clock has neither jumped nor been disputed.</summary>
    public TimeSpan AgreedFor => _known?.AgreedFor ?? TimeSpan.Zero;

    /// <summary>Whether an origin may give a danmaku its time: not before the clock has been compared for the first time, nor while it is wrong.</summary>
    public bool MayStamp => _known is { State: not ClockState.Wrong };

    /// <summary>What operators hear of an origin with a wrong clock; null for all others.</summary>
    public string? Impaired => isOrigin && State == ClockState.Wrong ? $"the clock is {Describe(time.Ahead)}" : null;

    /// <summary>What is told to others now.</summary>
    public ClockState StateNow =>
        State != ClockState.Wrong && time.Ahead.Duration() > ClockJudge.Tolerance ? ClockState.Doubted : State;

    /// <summary>Whether a node's clock is wrong, as far as that is known here.</summary>
    public bool IsWrong(Address node) => Volatile.Read(ref _wrong).Contains(node);

    /// <summary>Takes over what was decided, and says when that is something else than before.</summary>
    /// <param name="agreed">How far the agreed time is ahead of the monotonic clock.</param>
    /// <param name="wrong">Nodes whose clock is wrong; this one may be among them.</param>
    public void Set(ClockVerdict verdict, TimeSpan agreed, TimeSpan agreedFor, ImmutableHashSet<Address> wrong)
    {
        var (before, moved) = (State, agreed - time.Agreed);
        time.Agree(agreed);
        _known = new Known(verdict.State, agreedFor);
        Volatile.Write(ref _wrong, wrong);
        if (verdict.State == before)
        {
            return;
        }

        switch (verdict.State)
        {
            case ClockState.Wrong:
                LogWrong(logger, Describe(verdict.Ahead), isOrigin ? "It takes no posts, and its rooms move to an origin with a right clock" : "It goes by theirs");
                break;
            case ClockState.Doubted:
                LogDoubted(logger, Describe(verdict.Ahead), ClockJudge.Patience);
                break;
            case ClockState.Disputed:
                LogDisputed(logger, Describe(verdict.Ahead));
                break;
            case ClockState.Right when moved.Duration() > ClockJudge.Tolerance:
                LogBelieved(logger, Describe(moved));
                break;
            default:
                LogRight(logger);
                break;
        }
    }

    /// <summary>Says how far the newest danmaku in the store is ahead of this clock.</summary>
    public void FoundAhead(TimeSpan ahead) => LogStoreAhead(logger, Format(ahead));

    private static string Describe(TimeSpan ahead) => $"{Format(ahead.Duration())} {(ahead < TimeSpan.Zero ? "behind" : "ahead")}";

    private static string Format(TimeSpan time) => TimeSpan.FromSeconds(Math.Round(time.TotalSeconds)).ToString("c", CultureInfo.InvariantCulture);

    [LoggerMessage(50, LogLevel.Warning, "This node's clock is wrong: {Ahead} by what the other nodes and the store say. {Consequence} until it is right: set it, and keep it with NTP.")]
    private static partial void LogWrong(ILogger logger, string ahead, string consequence);

    [LoggerMessage(51, LogLevel.Warning, "This node's clock has jumped: it is {Ahead}, and there is nobody to ask. Time goes on without it, and nothing is forgotten, until it is back or has gone on evenly for {Patience}.")]
    private static partial void LogDoubted(ILogger logger, string ahead, TimeSpan patience);

    [LoggerMessage(52, LogLevel.Warning, "This node's clock is believed where it is now, {Moved} of where it was.")]
    private static partial void LogBelieved(ILogger logger, string moved);

    [LoggerMessage(53, LogLevel.Warning, "This node's clock is right again.")]
    private static partial void LogRight(ILogger logger);

    [LoggerMessage(55, LogLevel.Warning, "This node's clock is {Ahead} by what another node or the store says, and nobody can say which is right. This node goes by its own, and nothing is forgotten, until they agree: set them, and keep them with NTP.")]
    private static partial void LogDisputed(ILogger logger, string ahead);

    [LoggerMessage(54, LogLevel.Warning, "The newest danmaku in the store has a time that is {Ahead} ahead of this clock: it was stamped by a clock that was wrong, or this one is behind.")]
    private static partial void LogStoreAhead(ILogger logger, string ahead);

    private sealed record Known(ClockState State, TimeSpan AgreedFor);
}
