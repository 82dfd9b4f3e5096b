using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Where programs that do not belong to this repository are; null where they are not installed.</summary>
internal static class Programs
{
    private static readonly Lazy<Task<string?>> PythonWithWebSockets = new(FindPythonAsync);

    public static string? Curl => Find("curl");

    public static string? Node => Find("node");

    public static string? Nginx => Find("nginx");

    public static string? Chromium => Find("chromium") ?? Find("chromium-browser") ?? Find("google-chrome");

    /// <summary>From npm, so it may be anywhere: <c>DANMAKU_TEST_WSCAT</c> names it.</summary>
    public static string? Wscat => Environment.GetEnvironmentVariable("DANMAKU_TEST_WSCAT") is { Length: > 0 } path ? path : Find("wscat");

    /// <summary>A Python that has the package <c>websockets</c>; the system's own goes first, since Debian packages belong to it.</summary>
    public static Task<string?> PythonAsync() => PythonWithWebSockets.Value;

    /// <summary>The fault injector. It has assemblies of its own that these tests have not.</summary>
    public static string Chaos => Testing.Programs.FindOurs("Danmaku.Chaos");

    /// <summary>Whether tshark, which is there, may capture on loopback.</summary>
    public static async Task<bool> CanCaptureAsync()
    {
        await using var probe = OwnedProcess.Start(Find("tshark")!, ["-i", "lo", "-L"]);
        return await probe.EndAsync() == 0;
    }

    public static string? Find(string name) => Testing.Programs.Find(name);

    private static async Task<string?> FindPythonAsync()
    {
        foreach (var python in ((string?[])["/usr/bin/python3", Find("python3")]).OfType<string>().Where(File.Exists))
        {
            await using var probe = OwnedProcess.Start(python, ["-c", "import websockets"]);
            if (await probe.EndAsync() == 0)
            {
                return python;
            }
        }

        return null;
    }
}
