using System.Net;

namespace Danmaku.Node;

/// <summary>Where the node listens: <c>urls</c>, else <c>http_ports</c>, else port 8080 of this machine alone.</summary>
internal static class ListenUrls
{
    public const string Default = "http://localhost:8080";

    private static readonly string[] Keys = ["urls", "http_ports", "https_ports"];

    /// <summary>Whether somebody has said where.</summary>
    public static bool AreSet(IConfiguration configuration) =>
        Keys.Any(key => !string.IsNullOrWhiteSpace(configuration[key]))
        || configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();

    /// <summary>An address under which the node on this machine answers over plain HTTP.</summary>
    public static Uri Local(IConfiguration configuration)
    {
        var url = Split(configuration["urls"]).Select(BindingAddress.Parse).FirstOrDefault(url => url.Scheme == "http");
        var port = url?.Port ?? Split(configuration["http_ports"]).Select(int.Parse).Append(new Uri(Default).Port).First();
        return new UriBuilder("http", IsOneAddress(url?.Host) ? url!.Host : "127.0.0.1", port).Uri;
    }

    /// <summary>Whether it is neither a name nor any address. Who listens on any IPv6 address also listens on any IPv4 one.</summary>
    private static bool IsOneAddress(string? host) =>
        IPAddress.TryParse(host, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any);

    private static string[] Split(string? list) =>
        (list ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
