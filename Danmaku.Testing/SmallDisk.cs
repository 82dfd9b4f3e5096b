namespace Danmaku.Testing;

/// <summary>
/// A disk of 16 MiB for a node: a tmpfs in a mount namespace of its own, which a process holds that ends with this test run. Nothing is
/// left of it, however the run ends.
/// </summary>
public sealed class SmallDisk : IAsyncDisposable
{
    public const long Size = 16 * 1024 * 1024;

    private const int Block = 64 * 1024;

    /// <summary>Of a folder and an executable; writes the script that runs this in the namespace.</summary>
    private const string Mount =
        """
        mount -t tmpfs -o size=16m tmpfs "$0" &&
        printf '#!/bin/sh\nexec nsenter -m -t %s -- "%s" "$@"\n' $$ "$1" > "$0.sh" && chmod +x "$0.sh" &&
        echo mounted && exec sleep infinity
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("danmaku-").FullName;
    private readonly OwnedProcess _holder;

    private SmallDisk() => _holder = OwnedProcess.Start("unshare", ["-m", "sh", "-c", Mount, _folder, Path.Combine(AppContext.BaseDirectory, "Danmaku.Node")]);

    public static bool IsSupported => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess;

    /// <summary>The executable of a node that sees the disk.</summary>
    public string Node => _folder + ".sh";

    /// <summary>Where a node finds it.</summary>
    public string Folder => _folder;

    /// <summary>Where this process finds it.</summary>
    public string View => $"/proc/{_holder.Id}/root{_folder}";

    public long Free => new DriveInfo(View).AvailableFreeSpace;

    private string Others => Path.Combine(View, "others");

    public static async Task<SmallDisk> MountAsync()
    {
        var disk = new SmallDisk();
        await disk._holder.SaysAsync("mounted");
        return disk;
    }

    /// <summary>Others write a file until there is no more left than this.</summary>
    public void FillUp(long leave)
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
            // It is full: the node has written what was free a moment ago.
        }
    }

    public void Release() => File.Delete(Others);

    public async ValueTask DisposeAsync()
    {
        await _holder.DisposeAsync();
        File.Delete(Node);
        Directory.Delete(_folder, recursive: true);
    }
}
