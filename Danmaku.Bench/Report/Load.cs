using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Report;

/// <summary>What the run cost, and whether this tool itself was what limited it.</summary>
/// <param name="OwnCores">CPU time of this tool, divided by the time that passed.</param>
/// <param name="MachineBusy">Share of all cores that was busy, by whatever; null where the system does not tell.</param>
/// <param name="Slip">How late posts left.</param>
/// <param name="OtherCores">What neither this tool nor the named servers used; null when no servers were named.</param>
public sealed record Load(double OwnCores, double? MachineBusy, double? OtherCores, Latency Slip, IReadOnlyList<ServerLoad> Servers)
{
    private const double ManyCores = 0.9;
    private const double ManyOtherCores = 0.2;
    private const double FullMachine = 0.95;
    private const double MaxSlipMillis = 20;

    /// <summary>Whether this tool may have had no time left, so that the figures are its own and not the servers'.</summary>
    public bool IsBottleneck => OwnCores > ManyCores;

    /// <summary>Whether posts left late.</summary>
    public bool IsHeldUp => Slip.P99 > MaxSlipMillis;

    public IEnumerable<string> Remarks
    {
        get
        {
            if (IsBottleneck)
            {
                yield return $"This tool used {OwnCores:0.00} cores: it may have been the bottleneck itself.";
            }

            if (IsHeldUp)
            {
                yield return $"Posts left late (p99 {Slip.P99:0.0} ms), which latencies include: this tool did not get a core in time.";
            }

            if (OtherCores > ManyOtherCores)
            {
                yield return $"Something else used {OtherCores:0.00} cores of this machine: the figures are worse for it.";
            }

            if (MachineBusy > FullMachine)
            {
                yield return $"The machine was {MachineBusy:P0} busy: latencies include waiting for a core.";
            }
        }
    }

    public static Load Between(Sample begin, Sample end, Latency slip)
    {
        var seconds = (end.Elapsed - begin.Elapsed).TotalSeconds;
        var deliveries = Math.Max(1, end.Deliveries - begin.Deliveries);
        var own = (end.Load.Own - begin.Load.Own).TotalSeconds / seconds;
        var machineBusy = end.Load.MachineBusySince(begin.Load);
        ServerLoad[] servers = [.. end.Load.Servers.Zip(begin.Load.Servers, (now, then) => new ServerLoad(
            now.Pid,
            now.Name,
            (now.Cpu - then.Cpu).TotalSeconds / seconds,
            (now.Cpu - then.Cpu).TotalMicroseconds / deliveries,
            now.ResidentBytes))];
        var others = servers.Length > 0 ? machineBusy * Environment.ProcessorCount - own - servers.Sum(server => server.Cores) : null;
        return new Load(own, machineBusy, others is { } cores ? Math.Max(0, cores) : null, slip, servers);
    }
}

/// <summary>One server process while it was measured.</summary>
/// <param name="MicrosPerDelivery">Its CPU divided by all deliveries of the run, those of other servers too.</param>
/// <param name="ResidentBytes">At the end.</param>
public sealed record ServerLoad(int Pid, string Name, double Cores, double MicrosPerDelivery, long ResidentBytes);
