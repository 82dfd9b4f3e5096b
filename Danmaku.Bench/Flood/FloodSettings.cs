using Danmaku.Bench.Scenarios;

namespace Danmaku.Bench.Flood;

/// <summary>What is measured beside each attack.</summary>
/// <param name="Load">The honest: viewers, and those of them who post.</param>
/// <param name="Rate">Their posts per second, of all together.</param>
/// <param name="Duration">How long each of the four measurements takes: before, beside the stand-in, beside the attack, after it.</param>
/// <param name="MaxRatio">So many times what the machine costs the honest may wait beside an attack.</param>
/// <param name="Count">Connections of an attack, or rooms; null for what is usual. <paramref name="Addresses"/>: likewise.</param>
public sealed record FloodSettings(
    LoadSettings Load, double Rate, TimeSpan Warmup, TimeSpan Duration, double MaxRatio, int? Count, int? Addresses)
{
    /// <summary>Viewers per second that leave while others come: whoever comes must find a place.</summary>
    public const double Churn = 4;

    /// <summary>The first room of the honest, into which attackers post.</summary>
    public string Crowded => Load.Rooms == 1 ? Load.Room : $"{Load.Room}-1";

    /// <summary>Where only attackers are.</summary>
    public string OfAttackers => $"{Load.Room}-attack";

    /// <summary>What the names of visitors' rooms begin with.</summary>
    public string OfVisitors => $"{Load.Room}-visit";
}
