using System.Globalization;
using System.Runtime.InteropServices;

namespace Danmaku.Testing.Terminal;

/// <summary>Where and when a figure was measured.</summary>
/// <param name="Command">The arguments of this tool, without the files that it writes.</param>
public sealed record Machine(string Date, string Command, string Cpu, int Cores, string System, string Runtime)
{
    private const string CpuInfo = "/proc/cpuinfo";

    public static Machine ThisOne(TimeProvider time) => new(
        time.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        WithoutFiles([.. Environment.GetCommandLineArgs().Skip(1)]),
        CpuName(),
        Environment.ProcessorCount,
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription);

    private static string WithoutFiles(string[] arguments) => string.Join(' ', arguments.Where((argument, i) =>
        !IsFileOption(argument.Split('=')[0]) && !(i > 0 && IsFileOption(arguments[i - 1]))));

    private static bool IsFileOption(string option) => option is "--json" or "--report";

    private static string CpuName() => File.Exists(CpuInfo)
        && File.ReadLines(CpuInfo).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
            : $"{RuntimeInformation.ProcessArchitecture}";
}
