using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Danmaku.Bench.Measure;

/// <summary>Reads how much CPU this tool, the servers and the whole machine have used.</summary>
/// <param name="serverPids">Processes on this machine; none if the servers run elsewhere.</param>
public sealed class LoadMeter(IReadOnlyList<int> serverPids)
{
    private const string MachineStat = "/proc/stat";

    private readonly Dictionary<int, ServerReading> _servers = [];

    /// <exception cref="InvalidDataException">At the first reading: one of the servers is not running.</exception>
    public LoadReading Read() => new(
        Environment.CpuUsage.TotalTime,
        [.. serverPids.Select(ReadServer)],
        File.Exists(MachineStat) ? ReadMachine(File.ReadLines(MachineStat).First()) : null);

    /// <summary>What a server used so far; of one that has died since, what was last known.</summary>
    private ServerReading ReadServer(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return _servers[pid] = new ServerReading(pid, process.ProcessName, process.TotalProcessorTime, process.WorkingSet64);
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return _servers.GetValueOrDefault(pid)
                ?? throw new InvalidDataException($"There is no process {pid} whose CPU could be read.", gone);
        }
    }

    /// <param name="line">"cpu" and the ticks spent as user, nice, system, idle, iowait and others; see proc_stat(5).</param>
    private static (long Busy, long Total) ReadMachine(string line)
    {
        long[] ticks = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
            .Select(field => long.Parse(field, CultureInfo.InvariantCulture))];
        return (ticks.Sum() - ticks[3] - ticks[4], ticks.Sum());
    }
}

/// <param name="Machine">Ticks of all cores together; null where the system does not tell.</param>
public sealed record LoadReading(TimeSpan Own, IReadOnlyList<ServerReading> Servers, (long Busy, long Total)? Machine)
{
    /// <summary>The share of all cores that was busy since an earlier reading, 0 to 1.</summary>
    public double? MachineBusySince(LoadReading earlier) =>
        (Machine, earlier.Machine) is ({ } now, { } then) && now.Total > then.Total
            ? (double)(now.Busy - then.Busy) / (now.Total - then.Total)
            : null;
}

public sealed record ServerReading(int Pid, string Name, TimeSpan Cpu, long ResidentBytes);
