using System.Diagnostics;

namespace Danmaku.Testing;

/// <summary>Programs of this machine and of this repository: where they are, and running one that ends by itself.</summary>
public static class Programs
{
    /// <summary>Where administrators' programs lie, which is not on everybody's path.</summary>
    private static readonly string[] Folders =
        [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin", "/sbin", "/usr/local/sbin", "/opt/homebrew/bin"];

    /// <summary>What is set for this process and is not meant for what it starts.</summary>
    private static readonly string[] Foreign = ["Danmaku__", "ASPNETCORE_", "DOTNET_ENVIRONMENT", "DOTNET_SYSTEM_NET_", "Logging__", "URLS", "PG"];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Where a program is; null where it is not installed.</summary>
    public static string? Find(string name) => Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>An executable of this repository: beside the one that runs, or where the same build has put it.</summary>
    /// <param name="name">Such as <c>Danmaku.Node</c>.</param>
    /// <exception cref="InvalidDataException">It is not there.</exception>
    public static string FindOurs(string name)
    {
        // Such as …/Danmaku.Bench/bin/Release/net10.0: the project's folder names the program.
        var here = AppContext.BaseDirectory;
        var parts = here.Split(Path.DirectorySeparatorChar);
        var project = Array.FindLastIndex(parts, part => part.StartsWith("Danmaku.", StringComparison.Ordinal));
        var there = string.Join(Path.DirectorySeparatorChar, parts.Select((part, i) => i == project ? name : part));
        return new[] { here, there }.Select(folder => Path.Combine(folder, name)).FirstOrDefault(path => File.Exists(path + ".dll"))
            ?? throw new InvalidDataException($"No {name} in {here} or {there}: build it, or say where it is.");
    }

    /// <summary>
    /// Takes from an environment what is meant for this process alone. Our programs find there the runtime that runs this one, which need not be where they
    /// look by themselves.
    /// </summary>
    public static void CleanUp(IDictionary<string, string?> environment)
    {
        foreach (var key in environment.Keys.Where(key => Foreign.Any(prefix => key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))).ToArray())
        {
            environment.Remove(key);
        }

        environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "../../.."));
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>What it said on its standard output.</returns>
    /// <exception cref="InvalidDataException">It ended with another code than 0, or did not end; the message has what it said.</exception>
    public static async Task<string> RunAsync(string program, params IEnumerable<string> arguments)
    {
        // Some of them run as users who may not see the current directory.
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = "/", RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw new InvalidDataException($"{program} {string.Join(' ', start.ArgumentList)} does not end");
        }

        return process.ExitCode == 0
            ? (await output).TrimEnd()
            : throw new InvalidDataException($"{program} {string.Join(' ', start.ArgumentList)} ended with {process.ExitCode}: {await errors}{await output}");
    }
}
