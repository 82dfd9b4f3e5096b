namespace Danmaku.Bench.Flood;

/// <summary>What attackers have done.</summary>
/// <param name="Connected">Connections that were made.</param>
/// <param name="Refused">Of these: answered with anything but 101 or 200.</param>
/// <param name="Closed">Of these: ended by the server later.</param>
/// <param name="Failed">Connections that could not be made.</param>
/// <param name="Reached">Connections that got what they came for: a post over HTTP that was taken, a room that was opened.</param>
/// <param name="Messages">Sent after the first answer, again and again.</param>
/// <param name="Elapsed">From when all had begun to connect until the end.</param>
/// <param name="Cores">CPU that attackers used, divided by that time.</param>
public sealed record AttackCounts(
    long Connected, long Refused, long Closed, long Failed, long Reached, long Messages, TimeSpan Elapsed, double Cores);
