using System.Net;
using System.Security.Cryptography;
using Danmaku.Node.Options;

namespace Danmaku.Node;

/// <summary>Where the node listens: <c>urls</c>, else <c>http_ports</c>, else port 8080 of this machine alone.</summary>
internal static class ListenUrls
{
    public const string Default = "http://localhost:8080";

    private const string Urls = "urls";
    private const string Loopback = "127.0.0.1";
    private const string EndpointsSection = "Kestrel:Endpoints";

    private static readonly (string Key, string Scheme)[] PortKeys = [("http_ports", "http"), ("https_ports", "https")];

    /// <summary>Whether any address is configured.</summary>
    public static bool AreSet(IConfiguration configuration) => All(configuration).Length > 0;

    /// <exception cref="SettingsException">
    /// An address is not a URL, or its port is invalid. The server would use another port, or end with a stack trace.
    /// </exception>
    public static void Check(IConfiguration configuration)
    {
        foreach (var place in All(configuration).Where(place => place.Url.Length > 0))
        {
            if (!IsValid(place.Url))
            {
                throw new SettingsException($"{place.Key}: '{place.Url}' must be a URL such as {Default}, with a port from 0 to 65535");
            }
        }
    }

    /// <summary>An address under which the node on this machine answers over plain HTTP.</summary>
    public static Uri Local(IConfiguration configuration)
    {
        var port = Split(configuration["http_ports"]).Select(int.Parse).Append(new Uri(Default).Port).First();
        return Local(Split(configuration[Urls])) ?? new UriBuilder("http", Loopback, port).Uri;
    }

    /// <summary>The same for given URLs; null when none is plain HTTP.</summary>
    public static Uri? Local(IEnumerable<string> urls) =>
        urls.Select(BindingAddress.Parse).FirstOrDefault(url => url is { Scheme: "http", IsUnixPipe: false }) is { } url
            ? new UriBuilder("http", IsOneAddress(url.Host) ? url.Host : Loopback, url.Port).Uri
            : null;

    /// <summary>Whether it is one address: neither a name nor all addresses. A server on all IPv6 addresses also listens on all IPv4 ones.</summary>
    private static bool IsOneAddress(string? host) =>
        IPAddress.TryParse(host, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any);

    /// <summary>Why the server could not listen, and what to do: one line that names the URL and its key. Null when the error is something else.</summary>
    /// <param name="listening">How many URLs it listens on already; it starts them in order.</param>
    public static string? Explain(Exception error, IConfiguration configuration, int listening) => Explain(error, All(configuration), listening);

    /// <summary>The same for the URLs of one key.</summary>
    public static string? Explain(Exception error, string key, IEnumerable<string> urls, int listening) =>
        Explain(error, [.. urls.Select(url => new Place(url, key))], listening);

    private static string? Explain(Exception error, Place[] places, int listening)
    {
        if (PortTrouble.Of(error) is { } trouble)
        {
            return places.ElementAtOrDefault(listening) is { } taken
                ? $"{trouble.Describe(taken.Url)}. Choose another with --{taken.Key} {trouble.Instead(BindingAddress.Parse(taken.Url))}".TrimEnd()
                : null;
        }

        if (!IsAboutSettings(error))
        {
            return null;
        }

        // The server reads certificates before it listens.
        var why = error.Message.Split('\n')[0].Trim();
        return places.FirstOrDefault(place => place.Url.StartsWith("https:", StringComparison.OrdinalIgnoreCase)) is { } secure
            ? $"{secure.Key}: {secure.Url} needs a certificate: set Kestrel:Certificates:Default:Path, and KeyPath or Password beside it ({why})"
            : places.ElementAtOrDefault(listening) is { } place ? $"{place.Key}: {place.Url}: {why}" : null;
    }

    /// <summary>Whether the error is about the server's settings, and not a bug or the system.</summary>
    private static bool IsAboutSettings(Exception error) =>
        error is InvalidOperationException or CryptographicException or FileNotFoundException or DirectoryNotFoundException
        && error.StackTrace?.Contains("Microsoft.AspNetCore.Server.Kestrel", StringComparison.Ordinal) == true;

    /// <summary>All configured addresses in the server's order. Kestrel's own endpoints replace URLs, and URLs replace ports.</summary>
    private static Place[] All(IConfiguration configuration)
    {
        var section = configuration.GetSection(EndpointsSection);
        Place[] endpoints = [.. section.GetChildren().Select(endpoint => new Place(endpoint["Url"] ?? "", endpoint.Path + ":Url"))];
        Place[] urls = [.. Split(configuration[Urls]).Select(url => new Place(url, Urls))];
        return endpoints.Length > 0 ? endpoints
            : urls.Length > 0 ? urls
            : [.. PortKeys.SelectMany(ports => Split(configuration[ports.Key]).Select(port => new Place($"{ports.Scheme}://*:{port}", Urls)))];
    }

    /// <summary>Whether the server accepts the address and reads it as intended.</summary>
    public static bool IsValid(string text)
    {
        try
        {
            // The server reads a port that is not a number as part of the host.
            return BindingAddress.Parse(text) is { IsUnixPipe: true } or { IsNamedPipe: true }
                || (BindingAddress.Parse(text) is { Port: <= ushort.MaxValue } url && (!url.Host.Contains(':') || url.Host.EndsWith(']')));
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static string[] Split(string? list) =>
        (list ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private sealed record Place(string Url, string Key);
}
