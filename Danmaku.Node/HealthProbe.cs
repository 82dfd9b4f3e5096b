using Danmaku.Node.Operators;
using Danmaku.Node.Options;

namespace Danmaku.Node;

/// <summary>
/// <c>Danmaku.Node health [url]</c>: asks the node on this machine, or the one at the URL, whether it is ready. If the configuration names an address for
/// operators it asks there, because a node under attack may not accept connections at the other.
/// </summary>
internal static class HealthProbe
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(4);

    /// <returns>The exit code: 0 when it is ready.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            return await AskAsync(args is [var url, ..] && Uri.TryCreate(url, UriKind.Absolute, out var given) ? given : ThisMachines(args));
        }
        catch (SettingsException error)
        {
            Console.WriteLine(error.Message);
            return 1;
        }
    }

    private static async Task<int> AskAsync(Uri node)
    {
        try
        {
            using var client = new HttpClient { Timeout = Timeout };
            using var response = await client.GetAsync(new Uri(node, "/health/ready"));
            Console.WriteLine(await response.Content.ReadAsStringAsync());
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            Console.WriteLine($"no answer from {node}: {error.Message}");
            return 1;
        }
    }

    private static Uri ThisMachines(string[] args)
    {
        var configuration = NodeHost.CreateBuilder(args).Configuration;
        var operators = configuration[$"{OperatorOptions.Section}:{nameof(OperatorOptions.Urls)}"] is null
            ? null
            : ListenUrls.Local(OperatorServer.Places(NodeSettings.Read(configuration)));
        return operators ?? ListenUrls.Local(configuration);
    }
}
