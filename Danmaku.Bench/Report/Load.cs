using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Report;

/// <summary>What a measurement cost, and whether this tool itself was what limited it.</summary>
/// <param name="OwnBusy">The share of time in which the tool's loop had something to do, or was kept from doing it; 0 to 1.</param>
/// <param name="OwnCores">CPU time of this tool, divided by the time that passed.</param>
/// <param name="BusyCores">How many cores were busy, with whatever; null where the system does not tell.</param>
/// <param name="OtherCores">What neither this tool nor the named servers used; null when no servers were named.</param>
/// <param name="Slip">How late posts left.</param>
public sealed record Load(double OwnBusy, double OwnCores, double? BusyCores, double? OtherCores, Latency Slip, IReadOnlyList<ServerLoad> Servers)
{
    private const double MostOfTheTime = 0.9;
    private const double ManyOtherCores = 0.2;
    private const double MaxSlipMillis = 20;

    /// <summary>Whether this tool may have had no time left, so that the figures are its own and not the servers'.</summary>
    public bool IsBottleneck => OwnBusy > MostOfTheTime;

    /// <summary>Whether posts left late.</summary>
    public bool IsHeldUp => Slip.P99 > MaxSlipMillis;

    /// <summary>CPU of all named servers in microseconds, for each delivery; 0 when none were named.</summary>
    public double MicrosPerDelivery => Servers.Sum(server => server.MicrosPerDelivery);

    /// <summary>Deliveries for each second of CPU of all named servers; null when none were named.</summary>
    public double? DeliveriesPerCoreSecond => MicrosPerDelivery > 0 ? 1e6 / MicrosPerDelivery : null;

    public IEnumerable<string> Remarks
    {
        get
        {
            if (IsBottleneck)
            {
                yield return FormattableString.Invariant(
                    $"This tool was busy {OwnBusy:P0} of the time: it may have been the bottleneck itself, and servers may be able to do more.");
            }

            if (IsHeldUp)
            {
                yield return FormattableString.Invariant(
                    $"Posts left late (p99 {Slip.P99:0.0} ms), which latencies include: this tool did not come to it in time.");
            }

            if (OtherCores > ManyOtherCores)
            {
                yield return FormattableString.Invariant($"Something else used {OtherCores:0.00} cores of this machine: the figures are worse for it.");
            }
        }
    }

    public static Load Between(Sample begin, Sample end, Latency slip)
    {
        var elapsed = end.Elapsed - begin.Elapsed;
        var deliveries = Math.Max(1, end.Deliveries - begin.Deliveries);
        var own = (end.Load.Own - begin.Load.Own) / elapsed;
        ServerLoad[] servers = [.. end.Load.Servers.Zip(begin.Load.Servers, (now, then) => new ServerLoad(
            now.Name,
            now.Pid,
            (now.Cpu - then.Cpu) / elapsed,
            now.Cpu == then.Cpu ? 0 : (now.System - then.System) / (now.Cpu - then.Cpu),
            (now.Cpu - then.Cpu).TotalMicroseconds / deliveries,
            then.ResidentBytes,
            now.ResidentBytes))];
        var busy = end.Load.BusyCoresSince(begin.Load);
        double? others = servers.Length > 0 && busy is { } cores ? Math.Max(0, cores - own - servers.Sum(server => server.Cores)) : null;
        return new Load(1 - Math.Min(1, (end.Idle - begin.Idle) / elapsed), own, busy, others, slip, servers);
    }
}

/// <summary>One server process while it was measured.</summary>
/// <param name="Cores">CPU time divided by the time that passed.</param>
/// <param name="KernelShare">How much of it the kernel used on its behalf, 0 to 1.</param>
/// <param name="MicrosPerDelivery">Its CPU divided by all deliveries of the run, those of other servers too.</param>
/// <param name="ResidentBytesBefore">At the beginning; <paramref name="ResidentBytes"/>: at the end.</param>
public sealed record ServerLoad(
    string Name, int Pid, double Cores, double KernelShare, double MicrosPerDelivery, long ResidentBytesBefore, long ResidentBytes);
