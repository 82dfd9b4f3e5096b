using System.Diagnostics;

namespace Danmaku.Node.Tests.Processes;

/// <summary>The newest release that this clone knows: its tag, built beside the sources under test.</summary>
internal static class PreviousRelease
{
    private static readonly Lazy<Task<string?>> Built = new(BuildAsync);

    /// <summary>Its executable; null where no release is tagged.</summary>
    /// <exception cref="InvalidOperationException">It cannot be built; the message is what the build said.</exception>
    public static Task<string?> ExecutableAsync() => Built.Value;

    /// <summary>Builds once for each commit and machine: what is built stays beside other temporary files.</summary>
    private static async Task<string?> BuildAsync()
    {
        var tags = await RunAsync(AppContext.BaseDirectory, "git", "tag", "--list", "v[0-9]*", "--sort=-version:refname");
        if (tags.Code != 0 || tags.Output.Split('\n') is not [{ Length: > 0 } tag, ..])
        {
            return null;
        }

        var commit = (await DoAsync(AppContext.BaseDirectory, "git", "rev-parse", tag + "^{commit}")).Trim();
        var built = Path.Combine(Path.GetTempPath(), "danmaku-releases", commit);
        if (!Directory.Exists(built))
        {
            var work = Directory.CreateTempSubdirectory("danmaku-").FullName;
            var root = (await DoAsync(AppContext.BaseDirectory, "git", "rev-parse", "--show-toplevel")).Trim();
            await DoAsync(root, "git", "archive", "--format=tar", "--output", Path.Combine(work, "sources.tar"), commit);
            await DoAsync(work, "tar", "-xf", "sources.tar");
            await DoAsync(work, "dotnet", "build", "Danmaku.Node", "-c", "Release", "-p:BuildWeb=false", "-o", "node");
            Directory.CreateDirectory(Path.GetDirectoryName(built)!);
            Directory.Move(Path.Combine(work, "node"), built);
            Directory.Delete(work, recursive: true);
        }

        return Path.Combine(built, "Danmaku.Node");
    }

    private static async Task<string> DoAsync(string folder, string program, params string[] arguments)
    {
        var (code, output) = await RunAsync(folder, program, arguments);
        return code == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {code}:\n{output}");
    }

    private static async Task<(int Code, string Output)> RunAsync(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true };

        // What this test run was started with concerns its own build. A release's warnings are no errors of today.
        foreach (var key in start.Environment.Keys.Where(key => key == "CI" || key.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(key);
        }

        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output);
    }
}
