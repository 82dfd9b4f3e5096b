using System.Globalization;

namespace Danmaku.Bench.Cluster;

/// <summary>
/// Small disks for the data of some nodes, which can be filled: a tmpfs for each, in a mount namespace that a process of ours holds. They
/// end with this process, however it ends. Wants root.
/// </summary>
public sealed class NodeDisks : IAsyncDisposable
{
    private const int Block = 1024 * 1024;

    /// <summary>Of a size, and folders.</summary>
    private const string Mount =
        """for folder in "$@"; do mount -t tmpfs -o "size=$0" danmaku "$folder" || exit; done; echo mounted; exec sleep infinity""";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(50);

    private readonly IReadOnlyDictionary<string, string> _folders;
    private readonly OwnedProcess? _holder;

    private NodeDisks(IReadOnlyDictionary<string, string> folders, OwnedProcess holder) => (_folders, _holder) = (folders, holder);

    private NodeDisks(string whyNot) => (_folders, WhyNoFill) = (new Dictionary<string, string>(), whyNot);

    /// <summary>Why none can be filled here; null when they can.</summary>
    public string? WhyNoFill { get; }

    /// <summary>What is to stand before a command so that it sees them.</summary>
    public IReadOnlyList<string> Prefix => _holder is null ? [] : [Programs.Find("nsenter")!, "-m", "-t", Text($"{_holder.Id}"), "--"];

    private static string? WhyNot =>
        !OperatingSystem.IsLinux() ? "needs Linux"
        : !Environment.IsPrivilegedProcess ? "needs root"
        : Programs.Find("unshare") is null || Programs.Find("nsenter") is null ? "needs the programs unshare and nsenter"
        : null;

    public static NodeDisks None(string why) => new(why);

    /// <param name="folders">The data of each node, by its name.</param>
    /// <param name="bytes">The size of each disk.</param>
    /// <param name="log">What keeps them from being mounted is appended to this file.</param>
    public static async Task<NodeDisks> MountAsync(IReadOnlyDictionary<string, string> folders, long bytes, string log, TimeProvider time)
    {
        if (WhyNot is { } reason)
        {
            return new NodeDisks(reason);
        }

        foreach (var folder in folders.Values)
        {
            Directory.CreateDirectory(folder);
        }

        var holder = OwnedProcess.Start([Programs.Find("unshare")!, "-m", "sh", "-c", Mount, Text($"{bytes}"), .. folders.Values], log);
        var start = time.GetTimestamp();
        while (!holder.Ended.IsCompleted && time.GetElapsedTime(start) < Patience)
        {
            if (File.Exists(log) && await ReadAsync(log) == "mounted\n")
            {
                return new NodeDisks(folders, holder);
            }

            await Task.Delay(PollEvery, time);
        }

        await holder.DisposeAsync();
        return new NodeDisks($"no disk can be mounted: {(await ReadAsync(log)).Trim()}");
    }

    /// <summary>Writes a file until nothing is left.</summary>
    public void Fill(string node)
    {
        using var file = new FileStream(Filler(node), FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[Block];
        try
        {
            while (true)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            // It is full.
        }
    }

    public void Free(string node) => File.Delete(Filler(node));

    /// <summary>Copies what is on the disks to where it is seen without them. To be called when the nodes have ended.</summary>
    public async Task KeepAsync()
    {
        foreach (var folder in _folders.Values)
        {
            await Programs.RunAsync("cp", ["-a", View(folder) + "/.", folder]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_holder is not null)
        {
            await _holder.DisposeAsync();
        }
    }

    private string Filler(string node) => Path.Combine(View(_folders[node]), "filler");

    private string View(string folder) => Text($"/proc/{_holder!.Id}/root{folder}");

    private static async Task<string> ReadAsync(string log)
    {
        using var file = new StreamReader(new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return await file.ReadToEndAsync();
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
