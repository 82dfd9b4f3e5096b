using System.Net;
using Danmaku.Core.Cluster;
using FsCheck;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Cluster;

public sealed class SeedTests
{
    [Theory]
    [InlineData("10.0.0.11:4053", "10.0.0.11", 4053)]
    [InlineData("[fd00:1::11]:4053", "fd00:1::11", 4053)]
    [InlineData("[::1]:1", "::1", 1)]
    [InlineData("origin-1:65535", "origin-1", 65535)]
    [InlineData("origin-1.example:4053", "origin-1.example", 4053)]
    public void A_seed_is_an_address_or_a_name_with_a_port(string text, string host, int port)
    {
        var seed = Seed.Parse(text, 4053, out var problem);

        Assert.Equal((new Seed(host, port), null), (seed, problem));
        Assert.Equal(text, $"{seed}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("origin-1")]
    [InlineData("origin-1:")]
    [InlineData(":4053")]
    [InlineData("origin-1:0")]
    [InlineData("origin-1:-1")]
    [InlineData("origin-1: 4053")]
    [InlineData("origin-1:65536")]
    [InlineData("[fd00:1::11]")]
    [InlineData("[fd00:1::11]:70000")]
    [InlineData("[fd00:1::11:4053")]
    [InlineData("[10.0.0.11]:4053")]
    [InlineData("[origin-1]:4053")]
    [InlineData("[[::1]]:4053")]
    [InlineData("[]:4053")]
    public void An_invalid_seed_is_named(string text) => Assert.Contains($"'{text}'", ProblemOf(text), StringComparison.Ordinal);

    [Theory]
    [InlineData("fd00:1::1:4053", "[fd00:1::1]:4053")]
    [InlineData("fd00:1::1:5000", "[fd00:1::1]:5000")]
    [InlineData("fd00:1::1", "[fd00:1::1]:4053")]
    [InlineData("fd00:1::abcd", "[fd00:1::abcd]:4053")]
    [InlineData("1:2:3:4:5:6:7:8:4053", "[1:2:3:4:5:6:7:8]:4053")]
    [InlineData("a:b:4053", "[fd00:1::11]:4053")]
    public void IPv6_without_brackets_is_refused_and_the_right_form_is_shown(string text, string right) =>
        Assert.EndsWith("as in " + right, ProblemOf(text), StringComparison.Ordinal);

    [Theory]
    [InlineData("[fe80::1%eth0]:4053")]
    [InlineData("[fe80::1%2]:4053")]
    [InlineData("[fe80::1]:4053")]
    [InlineData("fe80::1%eth0:4053")]
    [InlineData("fe80::1%eth0")]
    public void A_link_local_address_is_refused(string text) => Assert.Contains("link-local", ProblemOf(text), StringComparison.Ordinal);

    [Property]
    public bool Every_other_IPv6_address_in_brackets_is_one(UInt128 bits, ushort port)
    {
        var bytes = new byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, bits);
        var address = new IPAddress(bytes);

        return port == 0 || address.IsIPv6LinkLocal || Seed.Parse($"[{address}]:{port}", 4053, out _) == new Seed($"{address}", port);
    }

    [Property]
    public bool Any_text_is_a_seed_or_one_line(NonNull<string> text) =>
        Seed.Parse(text.Get, 4053, out var problem) is { } seed
            ? problem is null && seed.Port is > 0 and <= 65_535 && seed.Host.Length > 0
            : problem is { Length: > 0 };

    private static string ProblemOf(string text)
    {
        Assert.Null(Seed.Parse(text, 4053, out var problem));
        return problem!;
    }
}
