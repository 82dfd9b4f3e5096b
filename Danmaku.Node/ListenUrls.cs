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
        var port = Split(configuration["urls"]).Select(BindingAddress.Parse).FirstOrDefault(url => url.Scheme == "http")?.Port
            ?? Split(configuration["http_ports"]).Select(int.Parse).Append(new Uri(Default).Port).First();
        return new UriBuilder("http", "127.0.0.1", port).Uri;
    }

    private static string[] Split(string? list) =>
        (list ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
