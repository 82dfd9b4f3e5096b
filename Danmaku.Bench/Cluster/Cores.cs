using System.Runtime.InteropServices;

namespace Danmaku.Bench.Cluster;

/// <summary>Which cores processes run on. Linux only.</summary>
public static class Cores
{
    private const string Tasks = "/proc/self/task";

    /// <summary>Why nothing can be pinned here; null when it can.</summary>
    public static string? WhyNot => !OperatingSystem.IsLinux() || Programs.Find("taskset") is null ? "there is no taskset" : null;

    /// <summary>What is to stand before a command so that it runs on that core.</summary>
    public static IReadOnlyList<string> Prefix(int core) => ["taskset", "-c", $"{core}"];

    /// <summary>Keeps this process on one core: its threads, and those that they will start.</summary>
    /// <exception cref="InvalidDataException">There is no such core.</exception>
    public static void PinSelf(int core)
    {
        var mask = new byte[128];
        mask[core / 8] = (byte)(1 << (core % 8));
        foreach (var task in Directory.GetDirectories(Tasks).Select(path => int.Parse(Path.GetFileName(path))))
        {
            // A thread that has ended meanwhile has no affinity.
            if (SetAffinity(task, mask.Length, ref mask[0]) != 0 && task == Environment.ProcessId)
            {
                throw new InvalidDataException($"This process cannot run on core {core}.");
            }
        }
    }

    [DllImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetAffinity(int thread, nint length, ref byte mask);
}
