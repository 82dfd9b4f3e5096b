namespace Danmaku.Node;

/// <summary><c>Danmaku.Node health [url]</c>: asks the node on this machine, or the one at the URL, whether it is ready.</summary>
internal static class HealthProbe
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(4);

    /// <returns>The exit code: 0 when it is ready.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var node = args is [var url, ..] && Uri.TryCreate(url, UriKind.Absolute, out var given)
            ? given
            : ListenUrls.Local(NodeHost.CreateBuilder(args).Configuration);
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
}
