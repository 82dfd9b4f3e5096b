using System.Diagnostics;

namespace Danmaku.Bench.Cluster;

/// <summary>Programs of this machine: where they are, and running one that ends by itself.</summary>
public static class Programs
{
    /// <summary>Where administrators' programs lie, which is not on everybody's path.</summary>
    private static readonly string[] Folders =
        [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin", "/sbin", "/usr/local/sbin"];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Where a program is; null where it is not installed.</summary>
    public static string? Find(string name) => Folders.Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Where our programs find the runtime that runs this one, which need not be where they look by themselves: for their environment.</summary>
    public static IReadOnlyDictionary<string, string> DotnetRoot { get; } = new Dictionary<string, string>
    {
        ["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "../../..")),
    };

    /// <summary>What starts this tool once more.</summary>
    public static IReadOnlyList<string> Self
    {
        get
        {
            var assembly = typeof(Programs).Assembly.Location;
            var program = Path.ChangeExtension(assembly, null);
            return File.Exists(program) ? [program] : ["dotnet", assembly];
        }
    }

    /// <summary>The executable of a node: beside this tool, or where the same build has put it.</summary>
    /// <exception cref="InvalidDataException">It is not there.</exception>
    public static string FindNode()
    {
        const string Self = "Danmaku.Bench";
        const string Name = "Danmaku.Node";
        var here = AppContext.BaseDirectory;
        var self = here.LastIndexOf(Self, StringComparison.Ordinal);
        string[] places = [here, self < 0 ? here : here[..self] + Name + here[(self + Self.Length)..]];
        return places.Select(place => Path.Combine(place, Name)).FirstOrDefault(path => File.Exists(path + ".dll"))
            ?? throw new InvalidDataException($"No {Name} in {string.Join(" or ", places)}: build it, or name it with --node.");
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>What it said on its standard output.</returns>
    /// <exception cref="InvalidDataException">It ended with another code than 0, or did not end; the message has what it said.</exception>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, string input = "")
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It reads nothing.
        }

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
            ? await output
            : throw new InvalidDataException($"{program} {string.Join(' ', start.ArgumentList)} ended with {process.ExitCode}: {await errors}{await output}");
    }
}
