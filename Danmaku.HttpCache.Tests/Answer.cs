namespace Danmaku.HttpCache.Tests;

/// <summary>What a client has got.</summary>
internal sealed record Answer(int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    /// <summary>The first word of X-Cache; empty without.</summary>
    public string Cache => this["X-Cache"].Split(' ')[0];

    /// <summary>Empty where it is absent.</summary>
    public string this[string name] => Headers.GetValueOrDefault(name, "");

    /// <param name="target">Sent as it is.</param>
    public static async Task<Answer> OfAsync(
        HttpClient http, Uri server, string method, string target, (string Name, string Value)[] headers, string? body = null)
    {
        using var request = new HttpRequestMessage(
            new HttpMethod(method),
            new Uri(server.GetLeftPart(UriPartial.Authority) + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Content = body is null ? null : new StringContent(body);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await http.SendAsync(request);
        var all = response.Headers.Concat(response.Content.Headers).ToDictionary(
            header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new Answer((int)response.StatusCode, all, await response.Content.ReadAsStringAsync());
    }
}
