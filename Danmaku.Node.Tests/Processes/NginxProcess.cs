using System.Net;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>nginx with the configuration of the compose file, in front of edges that a name server of its own names.</summary>
internal sealed class NginxProcess : IAsyncDisposable
{
    private const string Name = "edge.test";

    private readonly DnsServer _dns;
    private readonly OwnedProcess _process;
    private readonly string _folder;

    private NginxProcess(DnsServer dns, OwnedProcess process, string folder, Uri url) =>
        (_dns, _process, _folder, Url) = (dns, process, folder, url);

    public Uri Url { get; }

    /// <param name="edges">Any number that listen on the same port.</param>
    public static async Task<NginxProcess> StartAsync(string program, params IReadOnlyList<Uri> edges)
    {
        var dns = new DnsServer(Name, edges.Select(Address));
        var folder = Directory.CreateTempSubdirectory("danmaku-nginx-").FullName;
        var url = new UriBuilder("http", "127.0.0.1", Ports.Free(IPAddress.Loopback)).Uri;
        var configuration = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(configuration, await RenderAsync(dns.Address, $"{Name}:{edges[0].Port}", url, folder));

        // One process, which leaves none behind however it ends.
        var globals = $"daemon off; master_process off; pid {folder}/pid;";
        var process = OwnedProcess.Start(program, ["-p", folder, "-c", configuration, "-e", "stderr", "-g", globals]);
        var nginx = new NginxProcess(dns, process, folder, url);
        using var http = new HttpClient { BaseAddress = url };
        await Eventually.TrueAsync(() => nginx.IsUpAsync(http));
        return nginx;
    }

    /// <summary>One more address for the edges' name.</summary>
    public void Add(Uri edge) => _dns.Addresses = _dns.Addresses.Add(Address(edge));

    public async ValueTask DisposeAsync()
    {
        await _process.TerminateAsync();
        await _process.DisposeAsync();
        await _dns.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<bool> IsUpAsync(HttpClient http)
    {
        Assert.False(_process.HasExited, string.Join('\n', _process.Errors));
        try
        {
            using var response = await http.GetAsync("/health/live");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>
    /// Fills in the template's variables, and changes what cannot be had here: its port and folders, which belong to a container, and
    /// a patience with which no test would find out whether heartbeats pass.
    /// </summary>
    private static async Task<string> RenderAsync(string resolver, string edges, Uri url, string folder)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "deploy/nginx.conf.template"));
        string[] folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        (string From, string To)[] changes =
        [
            ("${DANMAKU_RESOLVER}", resolver),
            ("${DANMAKU_EDGES}", edges),
            ("listen 8000;", $"listen {url.Authority};"),
            ("/var/log/nginx/access.log", $"{folder}/access.log"),
            ("proxy_read_timeout 5m;", "proxy_read_timeout 10s;"),
            ("\nhttp {\n", "\nhttp {\n" + string.Concat(folders.Select(name => $"    {name}_temp_path {folder}/{name};\n"))),
        ];
        foreach (var (from, to) in changes)
        {
            Assert.Contains(from, text, StringComparison.Ordinal);
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        return text;
    }

    private static IPAddress Address(Uri edge) => IPAddress.Parse(edge.Host);
}
