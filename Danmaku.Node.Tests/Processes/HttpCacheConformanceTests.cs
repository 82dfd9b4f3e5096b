using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text.Json;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;
using Xunit.Abstractions;

namespace Danmaku.Node.Tests.Processes;

/// <summary>http-cache-tests 0.4.5, the suite behind cache-tests.fyi, against an edge and against nginx as a yardstick.</summary>
[Collection(Lanes.Processes)]
[Trait("Category", "process")]
public sealed class HttpCacheConformanceTests(ITestOutputHelper output) : IDisposable
{
    private const int MinOptional = 84;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Required by the suite and not passed, each with its reason in docs/cdn.md. At most twelve.</summary>
    private static readonly string[] NotPassed =
    [
        "304-etag-update-response-Set-Cookie", "headers-store-Set-Cookie",
        "stale-close-must-revalidate", "stale-close-proxy-revalidate", "stale-close-no-cache", "stale-close-s-maxage=2",
        "age-parse-prefix",
        "surrogate-fresh-cc-nostore",
    ];

    private static readonly string Suite = typeof(HttpCacheConformanceTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(data => data.Key == "HttpCacheTests").Value!;

    private readonly string _folder = Directory.CreateTempSubdirectory("danmaku-suite-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public async Task An_edge_passes_all_required_tests_except_the_documented_ones()
    {
        var node = FindNode();
        await using var origin = await StartOriginAsync(node);
        var url = Url();
        await using var edge = new NodeProcess("edge-1", url,
        [
            "Danmaku:DataDirectory=" + _folder, "Danmaku:Store:Kind=memory", "Danmaku:Cache:Upstreams=" + origin.Url.GetLeftPart(UriPartial.Authority),
            "Danmaku:Cache:TargetedFields=CDN-Cache-Control,Surrogate-Control",
            "Danmaku:Cache:Methods=POST,PUT,PATCH,DELETE,OPTIONS,M-SEARCH",
        ]);
        await Eventually.TrueAsync(edge.IsReadyAsync, Patience);

        var results = await RunAsync(node, url);
        var failed = Unexpected(results);
        if (failed.Length > 0)
        {
            // Its clock runs in real seconds; a machine that stood still for one of them is no fault of the cache.
            foreach (var (id, result) in await RunAsync(node, url, failed))
            {
                results[id] = result;
            }
        }

        Print("edge", results);
        Assert.Empty(Unexpected(results));
        Assert.InRange(NotPassed.Length, 0, 12);
        Assert.InRange(results.Values.Count(test => test is { Kind: "optimal", Passed: true }), MinOptional, int.MaxValue);
        Assert.Empty(edge.TakeErrors());
    }

    /// <summary>For docs/benchmarks.md: what Debian's nginx makes of the same. Run it with <c>DANMAKU_YARDSTICK=1</c>.</summary>
    [SkippableFact]
    public async Task Nginx_passes_fewer_tests()
    {
        Skip.If(Environment.GetEnvironmentVariable("DANMAKU_YARDSTICK") != "1", "DANMAKU_YARDSTICK=1 runs it.");
        Skip.If(Programs.Nginx is null, NotInstalled.Nginx);
        var node = FindNode();
        await using var origin = await StartOriginAsync(node);
        var url = Url();
        var configuration = Path.Combine(_folder, "nginx.conf");
        var folders = string.Concat(((string[])["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]).Select(name => $"{name}_temp_path {_folder}/{name};"));
        await File.WriteAllTextAsync(configuration, $$"""
            pid {{_folder}}/pid;
            events { }
            http {
              {{folders}} access_log off;
              proxy_cache_path {{_folder}}/cache keys_zone=all:10m;
              server {
                listen {{url.Authority}};
                location / {
                  proxy_pass {{origin.Url.GetLeftPart(UriPartial.Authority)}};
                  proxy_http_version 1.1;
                  proxy_set_header Connection "";
                  proxy_cache all;
                  proxy_cache_revalidate on;
                }
              }
            }
            """);
        await using var nginx = OwnedProcess.Start(
            Programs.Nginx, ["-p", _folder, "-c", configuration, "-e", "stderr", "-g", "daemon off; master_process off;"]);
        await ReachedAsync(url);

        var results = await RunAsync(node, url);

        Print("nginx proxy_cache", results);
        Assert.True(Passed(results, "required") < 150);
        await nginx.TerminateAsync();
    }

    private static string FindNode()
    {
        Skip.If(Programs.Node is null, "Node.js is not installed.");
        Skip.IfNot(Directory.Exists(Path.Combine(Suite, "node_modules/http-cache-tests")), "http-cache-tests is not installed: the build says why.");
        return Programs.Node;
    }

    private static Uri Url() => new UriBuilder("http", "127.0.0.1", Ports.Free(IPAddress.Loopback)).Uri;

    private static async Task<SuiteOrigin> StartOriginAsync(string node)
    {
        var url = Url();
        var process = OwnedProcess.Start(
            node, [Path.Combine(Suite, "origin.mjs")], environment => environment["PORT"] = url.Port.ToString(CultureInfo.InvariantCulture));
        await ReachedAsync(url);
        return new SuiteOrigin(process, url);
    }

    private static async Task ReachedAsync(Uri url)
    {
        using var http = new HttpClient();
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                using var response = await http.GetAsync(url);
                return true;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    private static async Task<Dictionary<string, TestResult>> RunAsync(string node, Uri cache, params string[] ids)
    {
        await using var suite = OwnedProcess.Start(
            node, ["--no-warnings", Path.Combine(Suite, "suite.mjs"), cache.GetLeftPart(UriPartial.Authority), .. ids]);
        Assert.True(await suite.EndAsync(Patience) == 0, string.Join('\n', suite.Errors));
        await Eventually.TrueAsync(() => suite.Output.Count > 0);
        return JsonSerializer.Deserialize<Dictionary<string, TestResult>>(suite.Output.Last(), JsonSerializerOptions.Web)!;
    }

    private static string[] Unexpected(Dictionary<string, TestResult> results) =>
    [
        .. results.Where(test => test.Value is { Kind: "required", Passed: false } && !NotPassed.Contains(test.Key)).Select(test => test.Key).Order(),
    ];

    private static int Passed(Dictionary<string, TestResult> results, string kind) => results.Values.Count(test => test.Kind == kind && test.Passed);

    private void Print(string name, Dictionary<string, TestResult> results)
    {
        foreach (var kind in (string[])["required", "optimal", "check"])
        {
            output.WriteLine($"| {name} | {kind} | {Passed(results, kind)} of {results.Values.Count(test => test.Kind == kind)} |");
        }

        foreach (var (id, result) in results.Where(test => test.Value is { Passed: false, Kind: not "check" }).OrderBy(test => test.Value.Kind))
        {
            output.WriteLine($"{result.Kind} {id}: {result.Why}");
        }
    }

    [SuppressMessage("Performance", "CA1812", Justification = "The serializer makes it.")]
    private sealed record TestResult(string Kind, bool Passed, string Why);

    private sealed record SuiteOrigin(OwnedProcess Process, Uri Url) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Process.DisposeAsync();
    }
}
