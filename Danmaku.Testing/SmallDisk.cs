namespace Danmaku.Testing;

/// <summary>
/// A disk that can be filled: a tmpfs in a mount namespace of its own, which a process holds that ends with this one. Nothing is left of it, however this
/// process ends. Wants root.
/// </summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private const int Block = 64 * 1024;

    /// <summary>Of a size and a folder.</summary>
    private const string Mount = """mount -t tmpfs -o "size=$0" danmaku "$1" && echo mounted && exec sleep infinity""";

    private readonly OwnedProcess _holder;

    private SmallDisk(string folder, long bytes) =>
        (Folder, _holder) = (folder, OwnedProcess.Start("unshare", ["-m", "sh", "-c", Mount, FormattableString.Invariant($"{bytes}"), folder]));

    /// <summary>Why there can be none here; null when there can.</summary>
    public static string? WhyNot =>
        !OperatingSystem.IsLinux() ? "needs Linux"
        : !Environment.IsPrivilegedProcess ? "needs root"
        : Programs.Find("unshare") is null || Programs.Find("nsenter") is null ? "needs the programs unshare and nsenter"
        : null;

    /// <summary>Where programs find it that have <see cref="Prefix"/>.</summary>
    public string Folder { get; }

    /// <summary>What is to stand before a command so that it sees the disk.</summary>
    public IReadOnlyList<string> Prefix => ["nsenter", "-m", "-t", FormattableString.Invariant($"{_holder.Id}"), "--"];

    /// <summary>Where this process finds it.</summary>
    public string View => FormattableString.Invariant($"/proc/{_holder.Id}/root{Folder}");

    public long Free => new DriveInfo(View).AvailableFreeSpace;

    private string Others => Path.Combine(View, "others");

    /// <param name="folder">What is in it already is hidden from who sees the disk.</param>
    /// <exception cref="InvalidDataException">It cannot be mounted; the message says why.</exception>
    public static async Task<SmallDisk> MountAsync(string folder, long bytes)
    {
        var disk = new SmallDisk(Directory.CreateDirectory(folder).FullName, bytes);
        await Eventually.TrueAsync(() => disk._holder.Output.Contains("mounted") || disk._holder.Ended.IsCompleted, what: "a disk is mounted");
        if (!disk._holder.Ended.IsCompleted)
        {
            return disk;
        }

        await disk.DisposeAsync();
        throw new InvalidDataException($"no disk can be mounted: {string.Join(' ', disk._holder.Errors)}");
    }

    /// <summary>Others write a file until there is no more left than this.</summary>
    public void FillUp(long leave = 0)
    {
        using var file = new FileStream(Others, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        try
        {
            for (var left = Free - leave; left > 0; left = Free - leave)
            {
                file.Write(new byte[Math.Min(left, Block)]);
            }
        }
        catch (IOException)
        {
            // It is full: somebody else has written what was free a moment ago.
        }
    }

    public void Release() => File.Delete(Others);

    /// <summary>Copies what is on the disk to where it is seen without it.</summary>
    public Task KeepAsync() => Programs.RunAsync("cp", "-a", View + "/.", Folder);

    public ValueTask DisposeAsync() => _holder.DisposeAsync();
}
