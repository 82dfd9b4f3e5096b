using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Nodes that talk over IPv6, and one among them that talks over IPv4.</summary>
[Collection(Lanes.Processes)]
[Trait("Category", "process")]
public sealed class Ipv6ClusterTests : IAsyncLifetime
{
    private const string Room = "lobby";
    private const string Key = "key";
    private const int PostsEach = 20;

    private readonly string _data = Directory.CreateTempSubdirectory("danmaku-").FullName;
    private readonly List<NodeProcess> _nodes = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        Directory.Delete(_data, recursive: true);
    }

    [SkippableFact]
    public async Task Viewers_on_edges_of_both_families_see_one_order_and_the_cache_reaches_the_origin()
    {
        Skip.IfNot(Loopback.HasIPv6, "There is no IPv6 here.");
        var (port6, port4) = (Ports.Free(IPAddress.IPv6Loopback), Ports.Free(IPAddress.Loopback));
        var seeds = $"Danmaku:Cluster:Seeds=[::1]:{port6},127.0.0.1:{port4}";
        const string Ipv6 = "Danmaku:Cluster:Network=::1/128,127.0.0.1/32", Ipv4 = "Danmaku:Cluster:Network=127.0.0.1/32,::1/128";
        Start("origin", "[::1]", seeds, "Danmaku:Roles=origin", $"Danmaku:Cluster:Port={port6}", Ipv6);
        var edge6 = Start("edge-6", "[::1]", seeds, "Danmaku:Roles=edge", "Danmaku:Cluster:Port=0", Ipv6, "Danmaku:OperatorKey=" + Key);
        var edge4 = Start("edge-4", "127.0.0.1", seeds, "Danmaku:Roles=edge", $"Danmaku:Cluster:Port={port4}", Ipv4);
        await ReadyAsync();

        await using var one = await Follower.JoinAsync(edge6.Url, Room);
        await using var other = await Follower.JoinAsync(edge4.Url, Room);
        await one.PostAndSeeAsync("begin");
        await other.SeesAsync("begin");
        await Task.WhenAll(PostAsync(one, "six"), PostAsync(other, "four"));
        await one.SeesAsync("four end");
        await other.SeesAsync("six end");
        using var page = await PageAsync(edge6);
        var addresses = await AddressesAsync(edge6);

        Assert.Equal(1 + (2 * (PostsEach + 1)), one.Texts.Count);
        Assert.Equal(one.Seen, other.Seen);
        Assert.Equal("MISS from edge-6", page.Headers.GetValues("X-Cache").Single());
        Assert.Equal($"akka.tcp://danmaku@[::1]:{port6}", addresses["origin"]);
        Assert.StartsWith("akka.tcp://danmaku@[::1]:", addresses["edge-6"], StringComparison.Ordinal);
        Assert.Equal($"akka.tcp://danmaku@127.0.0.1:{port4}", addresses["edge-4"]);
        Assert.All(_nodes, node => Assert.Empty(node.TakeErrors()));
    }

    private NodeProcess Start(string name, string host, params string[] settings)
    {
        var url = new UriBuilder("http", host, Ports.Free(IPAddress.Parse(host))).Uri;
        var node = new NodeProcess(name, url,
        [
            "Danmaku:DataDirectory=" + Path.Combine(_data, name), "Danmaku:Connection:PostsPerSecond=0",
            "Danmaku:Connection:PostsPerSecondPerAddress=0", "Danmaku:Room:PostsPerSecond=0", .. settings,
        ]);
        _nodes.Add(node);
        return node;
    }

    private async Task ReadyAsync()
    {
        string[] names = [.. _nodes.Select(node => node.Name)];
        try
        {
            foreach (var node in _nodes)
            {
                await Eventually.TrueAsync(async () => await node.IsReadyAsync() && await node.SeesAsync(names), TimeSpan.FromSeconds(60));
            }
        }
        catch (Exception error) when (error is TimeoutException or HttpRequestException)
        {
            throw new InvalidOperationException(error.Message + "\n" + string.Join('\n', _nodes.SelectMany(node => node.Log.TakeLast(15))), error);
        }
    }

    private static async Task PostAsync(Follower viewer, string name)
    {
        for (var i = 0; i < PostsEach; i++)
        {
            await viewer.PostAsync($"{name} {i}");
        }

        await viewer.PostAndSeeAsync($"{name} end");
    }

    /// <summary>The members' addresses, by name, as operators see them.</summary>
    private static async Task<Dictionary<string, string>> AddressesAsync(NodeProcess node)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/cluster");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        using var response = await node.Operators.SendAsync(request);
        return (await response.Content.ReadFromJsonAsync<ClusterView>())!.Members.ToDictionary(member => member.Name, member => member.Address!);
    }

    /// <summary>The page as the origin has it: until that has been heard, an edge has it itself, and says so.</summary>
    private static async Task<HttpResponseMessage> PageAsync(NodeProcess edge)
    {
        HttpResponseMessage? answer = null;
        await Eventually.TrueAsync(async () =>
        {
            answer = await edge.Http.GetAsync($"/?{Guid.NewGuid()}");
            return !answer.Headers.GetValues("Cache-Status").Single().Contains("instead", StringComparison.Ordinal);
        });
        return answer!;
    }
}
