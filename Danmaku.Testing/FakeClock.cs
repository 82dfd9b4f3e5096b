namespace Danmaku.Testing;

/// <summary>A wall clock that a test sets, for a process that preloads libfaketime. Its monotonic clock stays the system's.</summary>
public sealed class FakeClock
{
    private readonly string _file;

    /// <param name="folder">Where it keeps what it says.</param>
    public FakeClock(string folder)
    {
        _file = Path.Combine(folder, Guid.NewGuid().ToString("n"));
        Set(TimeSpan.Zero);
    }

    /// <summary>Where the library is; null where it is not installed.</summary>
    public static string? Library { get; } = Directory.Exists("/usr/lib")
        ? Directory.EnumerateDirectories("/usr/lib").Select(folder => Path.Combine(folder, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists)
        : null;

    /// <summary>What the process is to have in its environment.</summary>
    public Dictionary<string, string> Environment => new()
    {
        ["LD_PRELOAD"] = Library!,
        ["FAKETIME_TIMESTAMP_FILE"] = _file,
        ["FAKETIME_CACHE_DURATION"] = "1",
        ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
        ["DONT_FAKE_MONOTONIC"] = "1",
        // Else it takes .NET's timed waits for such of the wall clock: they end at once, and threads spin.
        ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
        ["NO_FAKE_STAT"] = "1",
    };

    /// <summary>Sets the clock so far from the right time; it takes a second.</summary>
    public void Set(TimeSpan shift)
    {
        // At once, since it is read at any moment.
        File.WriteAllText(_file + ".new", FormattableString.Invariant($"{shift.TotalSeconds:+0;-0;+0}\n"));
        File.Move(_file + ".new", _file, overwrite: true);
    }
}
