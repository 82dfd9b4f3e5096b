using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Danmaku.Bench.Measure;

/// <summary>Reads how much CPU this tool, the servers and the whole machine have used.</summary>
/// <param name="servers">None if they run elsewhere.</param>
public sealed class LoadMeter(IReadOnlyList<ServerProcess> servers)
{
    private const string MachineStat = "/proc/stat";

    private readonly Dictionary<int, ServerReading> _last = [];

    /// <exception cref="InvalidDataException">At the first reading: one of the servers is not running.</exception>
    public LoadReading Read() => new(
        Environment.CpuUsage.TotalTime,
        [.. servers.Select(ReadServer)],
        File.Exists(MachineStat) ? ReadMachine([.. File.ReadLines(MachineStat)]) : null);

    /// <summary>What a server used so far; of one that has died since, what was last known.</summary>
    private ServerReading ReadServer(ServerProcess server)
    {
        try
        {
            using var process = Process.GetProcessById(server.Pid);
            return _last[server.Pid] = new ServerReading(
                server.Pid, server.Name, process.UserProcessorTime, process.PrivilegedProcessorTime, process.WorkingSet64, process.Threads.Count);
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return _last.GetValueOrDefault(server.Pid)
                ?? throw new InvalidDataException($"There is no process {server.Pid} whose CPU could be read.", gone);
        }
    }

    /// <param name="lines">
    /// The first has "cpu" and the ticks spent as user, nice, system, idle, iowait and others, then there is one for each core; see
    /// proc_stat(5). This process may be allowed to use fewer cores than there are.
    /// </param>
    private static MachineReading ReadMachine(string[] lines)
    {
        long[] ticks = [.. lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
            .Select(field => long.Parse(field, CultureInfo.InvariantCulture))];
        return new MachineReading(
            lines.Skip(1).Count(line => line.StartsWith("cpu", StringComparison.Ordinal)), ticks.Sum() - ticks[3] - ticks[4], ticks.Sum());
    }
}

/// <param name="Machine">Null where the system does not tell.</param>
public sealed record LoadReading(TimeSpan Own, IReadOnlyList<ServerReading> Servers, MachineReading? Machine)
{
    /// <summary>How many cores were busy since an earlier reading.</summary>
    public double? BusyCoresSince(LoadReading earlier) =>
        (Machine, earlier.Machine) is ({ } now, { } then) && now.Total > then.Total
            ? (double)(now.Busy - then.Busy) / (now.Total - then.Total) * now.Cores
            : null;
}

/// <param name="Busy">Ticks in which cores did something; <paramref name="Total"/>: all ticks, of all cores.</param>
public sealed record MachineReading(int Cores, long Busy, long Total);

/// <param name="User">CPU in the program itself, <paramref name="System"/> in the kernel on its behalf; Linux counts in 10 ms.</param>
public sealed record ServerReading(int Pid, string Name, TimeSpan User, TimeSpan System, long ResidentBytes, int Threads)
{
    public TimeSpan Cpu => User + System;
}
