using System.Text;
using Danmaku.Core.Cluster;
using Danmaku.Node.Options;
using Microsoft.Extensions.Configuration;

namespace Danmaku.Node.Tests;

public sealed class NodeSettingsTests
{
    [Fact]
    public void The_defaults_are_those_of_the_protocol()
    {
        var settings = Read();

        Assert.Equal((8192, 1000), (settings.MaxMessageBytes, settings.Connection.ConnectionsPerAddress));
        Assert.Equal((5, 10), (settings.Connection.PostsPerSecond, settings.Connection.PostBurst));
        Assert.Equal((256, 1024 * 1024), (settings.Connection.OutboxFrames, settings.Connection.OutboxBytes));
        Assert.Equal((100, "lobby"), (settings.Room.MaxTextChars, settings.Node.DefaultRoom));
        Assert.Equal(["origin", "edge"], settings.Node.RoleList);
    }

    [Theory]
    [InlineData(100, 8192, 8192)]
    [InlineData(100, 4096, 6976)]
    [InlineData(100, 256, 6976)]
    [InlineData(1000, 8192, 50_176)]
    public void A_message_may_be_as_long_as_the_longest_text_needs(int chars, int bytes, int taken)
    {
        var settings = Read(("Danmaku:Room:MaxTextChars", $"{chars}"), ("Danmaku:Connection:MaxMessageBytes", $"{bytes}"));

        Assert.Equal(taken, settings.MaxMessageBytes);
    }

    [Fact]
    public void Null_in_a_file_is_the_default()
    {
        using var file = new MemoryStream(Encoding.UTF8.GetBytes("""{"Danmaku":{"Roles":null,"OperatorKey":null,"DrainSeconds":null,"Operator":null,"Cluster":{"Seeds":null,"Network":null,"Port":null,"Tls":{"Key":null}}}}"""));

        var defaults = NodeSettings.Read(new ConfigurationBuilder().Build());
        var read = NodeSettings.Read(new ConfigurationBuilder().AddJsonStream(file).Build());

        Assert.Equal(
            (defaults.Node.Roles, "", defaults.Node.DrainSeconds, defaults.Operator.Urls, "", "", null, ""),
            (read.Node.Roles, read.Node.OperatorKey, read.Node.DrainSeconds, read.Operator.Urls, read.Cluster.Seeds, read.Cluster.Network, read.Cluster.Port, read.Cluster.Tls.Key));
    }

    [Theory]
    [InlineData("268435456", 256)]
    [InlineData("256MiB", 256)]
    [InlineData("2 gib", 2048)]
    [InlineData("8192KiB", 8)]
    public void Memory_is_bytes_or_a_size(string memory, long mebibytes) =>
        Assert.Equal(mebibytes * 1024 * 1024, Read(("Danmaku:Memory", memory)).Node.MemoryBytes);

    [Fact]
    public void Memory_is_a_quarter_of_what_there_is_by_default() =>
        Assert.Equal(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4, Read().Node.MemoryBytes);

    [Theory]
    [InlineData("Danmaku:Connection:Heartbeat", "00:00:09")]
    [InlineData("Danmaku:Connection:Heartbeat", "7 seconds")]
    [InlineData("Danmaku:Connection:MaxMessageBytes", "0")]
    [InlineData("Danmaku:Connection:MaxMessageBytes", "many")]
    [InlineData("Danmaku:Room:FlushEvery", "00:00:02")]
    [InlineData("Danmaku:Room:PostsPerSecond", "-1")]
    [InlineData("Danmaku:Cluster:Port", "65536")]
    [InlineData("Danmaku:Cluster:Network", "10.0.0.0")]
    [InlineData("Danmaku:Cluster:Network", "10.0.0.0/24, fd00:1::")]
    [InlineData("Danmaku:Cluster:Network", "fe80::/64")]
    [InlineData("Danmaku:Cluster:Network", "fe80::1%eth0/64")]
    [InlineData("Danmaku:Cluster:Seeds", "seed-1:4053, seed-2")]
    [InlineData("Danmaku:Cluster:Seeds", "fd00:1::1:4053")]
    [InlineData("Danmaku:Cluster:Seeds", "[fe80::1%eth0]:4053")]
    [InlineData("Danmaku:Connection:Ipv6PrefixLength", "31")]
    [InlineData("Danmaku:Connection:Ipv6PrefixLength", "129")]
    [InlineData("Danmaku:Cluster:OrphanAfter", "00:00:01")]
    [InlineData("Danmaku:Roles", "origin, cook")]
    [InlineData("Danmaku:Roles", "")]
    [InlineData("Danmaku:DefaultRoom", "Lobby")]
    [InlineData("Danmaku:TrustedProxies", "10.0.0.0/8, proxy")]
    [InlineData("Danmaku:DrainSeconds", "301")]
    [InlineData("Danmaku:Memory", "much")]
    [InlineData("Danmaku:Memory", "-1")]
    [InlineData("Danmaku:Memory", "3MiB")]
    [InlineData("Danmaku:Memory", "256 MB")]
    [InlineData("Danmaku:Memory", "99999999999GiB")]
    [InlineData("Danmaku:Transport", "quic")]
    [InlineData("Danmaku:Transport", "Epoll")]
    [InlineData("Danmaku:PublicUrl", "edge-2.example")]
    [InlineData("Danmaku:PublicUrl", "wss://edge-2.example/")]
    [InlineData("Danmaku:PublicUrl", "https://edge-2.example/?a=1")]
    [InlineData("Danmaku:NodeName", "a b")]
    [InlineData("Danmaku:Cache:Upstreams", "http://a:1, b:2")]
    [InlineData("Danmaku:Cache:Upstreams", "http://a:1/path")]
    [InlineData("Danmaku:Cache:AdvertisedUrl", "10.0.0.5:8080")]
    [InlineData("Danmaku:Cache:MemoryBytes", "1000")]
    [InlineData("Danmaku:Cache:MaxEntryBytes", "1000000000")]
    [InlineData("Danmaku:Cache:Timeout", "00:20:00")]
    [InlineData("Danmaku:Cache:TargetedFields", "a:b")]
    [InlineData("Danmaku:Auth:HmacSecret", "short")]
    [InlineData("Danmaku:Auth:RefreshEvery", "00:00:01")]
    [InlineData("Danmaku:Auth:ClockSkew", "00:06:00")]
    [InlineData("Danmaku:Auth:ExpiryNotice", "02:00:00")]
    [InlineData("Danmaku:Auth:Anonymous", "shout")]
    [InlineData("Danmaku:Auth:Anonymous", "none")]
    public void A_bad_value_is_one_line_that_names_its_key(string key, string value)
    {
        var error = Assert.Throws<SettingsException>(() => Read((key, value)));

        Assert.Contains(key, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Keys_that_sign_for_others_too_need_an_audience()
    {
        var error = Assert.Throws<SettingsException>(() => Read(("Danmaku:Auth:Jwks", "https://id.example/jwks")));

        Assert.StartsWith("Danmaku:Auth:Audience: ", error.Message, StringComparison.Ordinal);
        Assert.True(Read(("Danmaku:Auth:Jwks", "https://id.example/jwks"), ("Danmaku:Auth:Audience", "danmaku")).Auth.HasKeys);
        Assert.False(Read().Auth.HasKeys);
    }

    [Theory]
    [InlineData("Certificate", "Key", "CertificateAuthority")]
    [InlineData("Key", "CertificateAuthority", "Certificate")]
    [InlineData("CertificateAuthority", "Certificate", "Key")]
    public void Certificate_key_and_authority_come_together(string one, string other, string missing)
    {
        var error = Assert.Throws<SettingsException>(() => Read(($"Danmaku:Cluster:Tls:{one}", "a.pem"), ($"Danmaku:Cluster:Tls:{other}", "b.pem")));

        Assert.StartsWith($"Danmaku:Cluster:Tls:{missing}: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rate_of_0_lifts_the_limit()
    {
        var settings = Read(("Danmaku:Connection:PostsPerSecond", "0"), ("Danmaku:Room:PostsPerSecond", "0"));

        Assert.True(settings.Connection.ToLimits() is { PostsPerSecond: > 1e8, PostBurst: > 1e8 });
        Assert.True(settings.Room.ToLimits(settings.Store).PostsPerSecond > 1e8);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("https://edge-2.example", "https://edge-2.example/")]
    [InlineData("http://example:8081/edges/2/", "http://example:8081/edges/2/")]
    public void A_public_address_may_have_a_path(string value, string? expected) =>
        Assert.Equal(expected, Read(("Danmaku:PublicUrl", value)).Node.PublicUri?.AbsoluteUri);

    [Theory]
    [InlineData("", null, 0)]
    [InlineData("a:1", null, 4053)]
    [InlineData("a:1", "5000", 5000)]
    [InlineData("a:1", "0", 0)]
    public void The_port_of_remoting_depends_on_the_seeds(string seeds, string? port, int expected) =>
        Assert.Equal(expected, Read(("Danmaku:Cluster:Seeds", seeds), ("Danmaku:Cluster:Port", port)).Cluster.PortOrDefault);

    [Fact]
    public void Networks_and_seeds_may_be_of_both_families()
    {
        var cluster = Read(("Danmaku:Cluster:Network", "fd00:1::/64, 10.0.0.0/24"), ("Danmaku:Cluster:Seeds", "[fd00:1::11]:4053, 10.0.0.12:5000, origin-3:4053")).Cluster;

        Assert.Equal(["fd00:1::/64", "10.0.0.0/24"], cluster.NetworkList.Select(network => network.ToString()));
        Assert.Equal([new Seed("fd00:1::11", 4053), new Seed("10.0.0.12", 5000), new Seed("origin-3", 4053)], cluster.SeedList);
    }

    [Theory]
    [InlineData("urls", "http://[::1]:81", "http://[::1]:81/")]
    [InlineData("urls", "http://10.0.0.5:81", "http://10.0.0.5:81/")]
    [InlineData("urls", "https://[::]:443;http://[fd00:1::1]:81", "http://[fd00:1::1]:81/")]
    [InlineData("urls", "http://[::]:81", "http://127.0.0.1:81/")]
    [InlineData("urls", "http://0.0.0.0:81", "http://127.0.0.1:81/")]
    [InlineData("urls", "http://+:81", "http://127.0.0.1:81/")]
    [InlineData("urls", "http://localhost:81", "http://127.0.0.1:81/")]
    [InlineData("http_ports", "81;82", "http://127.0.0.1:81/")]
    [InlineData("http_ports", "", "http://127.0.0.1:8080/")]
    public void The_health_probe_asks_where_the_node_listens(string key, string value, string expected) =>
        Assert.Equal(expected, ListenUrls.Local(Configuration((key, value))).AbsoluteUri);

    private static NodeSettings Read(params (string Key, string? Value)[] values) => NodeSettings.Read(Configuration(values));

    private static IConfigurationRoot Configuration(params (string Key, string? Value)[] values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values.Select(pair => KeyValuePair.Create(pair.Key, pair.Value))).Build();
}
