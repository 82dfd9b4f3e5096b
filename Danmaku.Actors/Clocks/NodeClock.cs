using System.Collections.Immutable;
using System.Globalization;
using Akka.Actor;
using Danmaku.Core.Clocks;
using Microsoft.Extensions.Logging;

namespace Danmaku.Actors.Clocks;

/// <summary>What this node knows about its own wall clock and those of other nodes. Thread-safe.</summary>
public sealed partial class NodeClock(AgreedTime time, bool isOrigin, ILogger<NodeClock> logger)
{
    private const string Before = "where it was";

    private volatile Known? _known;
    private ImmutableHashSet<Address> _wrong = [];

    public ClockState State => _known?.State ?? ClockState.Right;

    /// <summary>How long the wall clock has neither jumped nor been disputed.</summary>
    public TimeSpan AgreedFor => _known?.AgreedFor ?? TimeSpan.Zero;

    /// <summary>Whether an origin may stamp danmaku: not before the clock has been compared for the first time, and not while it is wrong.</summary>
    public bool MayStamp => _known is { State: not ClockState.Wrong };

    /// <summary>What operators are told about an origin with a wrong clock; null for all others.</summary>
    public string? Impaired => isOrigin && State == ClockState.Wrong ? $"the clock is {Describe(time.Ahead)}" : null;

    /// <summary>The state that this node reports to other nodes now.</summary>
    public ClockState StateNow =>
        State != ClockState.Wrong && time.Ahead.Duration() > ClockJudge.Tolerance ? ClockState.Doubted : State;

    /// <summary>Whether a node's clock is wrong, as far as this node knows.</summary>
    public bool IsWrong(Address node) => Volatile.Read(ref _wrong).Contains(node);

    /// <summary>Applies a verdict, and logs it if the state has changed.</summary>
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
                LogWrong(
                    logger,
                    Describe(verdict.Ahead, "the other nodes and the store"),
                    isOrigin ? "This node accepts no posts, and its rooms are on origins with a right clock" : "This node uses their time");
                break;
            case ClockState.Doubted:
                LogDoubted(logger, Describe(verdict.Ahead, Before), ClockJudge.Patience);
                break;
            case ClockState.Disputed:
                LogDisputed(logger, Describe(verdict.Ahead, "another node or the store"));
                break;
            case ClockState.Right when moved.Duration() > ClockJudge.Tolerance:
                LogBelieved(logger, Describe(moved, Before));
                break;
            default:
                LogRight(logger);
                break;
        }
    }

    /// <summary>Logs how far the newest danmaku in the store is ahead of this clock.</summary>
    public void FoundAhead(TimeSpan ahead) => LogStoreAhead(logger, Format(ahead));

    private static string Describe(TimeSpan ahead, string than) =>
        $"{Format(ahead.Duration())} {(ahead < TimeSpan.Zero ? "behind" : "ahead of")} {than}";

    private static string Describe(TimeSpan ahead) => $"{Format(ahead.Duration())} {(ahead < TimeSpan.Zero ? "behind" : "ahead")}";

    private static string Format(TimeSpan time) => TimeSpan.FromSeconds(Math.Round(time.TotalSeconds)).ToString("c", CultureInfo.InvariantCulture);

    [LoggerMessage(50, LogLevel.Warning, "This node's clock is wrong: it is {Ahead}. {Consequence} until it is right. Set it, and keep it right with NTP.")]
    private static partial void LogWrong(ILogger logger, string ahead, string consequence);

    [LoggerMessage(51, LogLevel.Warning,
        "This node's clock has jumped: it is {Ahead}, and there is no other clock to compare it with. Until it is "
        + "back, or has run evenly for {Patience}, this node uses its monotonic clock and deletes nothing old.")]
    private static partial void LogDoubted(ILogger logger, string ahead, TimeSpan patience);

    [LoggerMessage(52, LogLevel.Warning, "This node now trusts its clock where it is, {Moved}.")]
    private static partial void LogBelieved(ILogger logger, string moved);

    [LoggerMessage(53, LogLevel.Warning, "This node's clock is right again.")]
    private static partial void LogRight(ILogger logger);

    [LoggerMessage(55, LogLevel.Warning,
        "This node's clock is {Ahead}, and it is not known which is right. Until they agree, this node keeps its own "
        + "time and deletes nothing old. Set the wrong clock, and keep all of them right with NTP.")]
    private static partial void LogDisputed(ILogger logger, string ahead);

    [LoggerMessage(54, LogLevel.Warning,
        "The newest danmaku in the store has a time that is {Ahead} ahead of this clock: either the clock that stamped "
        + "it was wrong, or this one is behind.")]
    private static partial void LogStoreAhead(ILogger logger, string ahead);

    private sealed record Known(ClockState State, TimeSpan AgreedFor);
}
