using System.Globalization;

namespace Danmaku.Bench.Cluster;

/// <summary>Wall clocks of nodes that a run can set, by libfaketime, which nodes preload. Their monotonic clocks stay the system's.</summary>
/// <param name="folder">Where it is written what each clock says.</param>
/// <param name="isWanted">Whether any is to be set; otherwise nodes preload nothing.</param>
public sealed class NodeClocks(string folder, bool isWanted)
{
    private static readonly string? Library = Directory.Exists("/usr/lib")
        ? Directory.EnumerateDirectories("/usr/lib").Select(folder => Path.Combine(folder, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists)
        : null;

    /// <summary>Why clocks cannot be set here; null when they can.</summary>
    public static string? WhyNot => Library is null ? "libfaketime is not installed (Debian: faketime)" : null;

    /// <summary>What a node needs in its environment to have a clock that can be set.</summary>
    public IEnumerable<KeyValuePair<string, string>> Settings(string node)
    {
        if (!isWanted || Library is null)
        {
            return [];
        }

        Set(node, TimeSpan.Zero);
        return
        [
            new("LD_PRELOAD", Library),
            new("FAKETIME_TIMESTAMP_FILE", FileOf(node)),
            new("FAKETIME_CACHE_DURATION", "1"),
            new("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            new("DONT_FAKE_MONOTONIC", "1"),

            // Else it takes .NET's timed waits for such of the wall clock: they end at once, and threads spin.
            new("FAKETIME_FORCE_MONOTONIC_FIX", "0"),
            new("NO_FAKE_STAT", "1"),
        ];
    }

    /// <summary>Sets a node's clock so far from the right time; it takes a second.</summary>
    public void Set(string node, TimeSpan shift)
    {
        // At once, since it is read at any moment.
        var (file, next) = (FileOf(node), FileOf(node) + ".new");
        File.WriteAllText(next, string.Create(CultureInfo.InvariantCulture, $"{shift.TotalSeconds:+0;-0;+0}\n"));
        File.Move(next, file, overwrite: true);
    }

    private string FileOf(string node) => Path.Combine(folder, node + ".clock");
}
