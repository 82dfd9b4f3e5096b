using Danmaku.Node.Options;
using Microsoft.Extensions.Configuration;

namespace Danmaku.Node.Tests;

public sealed class OptionKeysTests
{
    [Theory]
    [InlineData("Danmaku:Conection:MaxMessageBytes", "Danmaku:Connection:MaxMessageBytes")]
    [InlineData("Danmaku:rols", "Danmaku:Roles")]
    [InlineData("Danmaku:Roles:0", "Danmaku:Roles")]
    [InlineData("Danmaku:MaxMessageBytes", "Danmaku:Connection:MaxMessageBytes")]
    [InlineData("Danmaku:Port", "Danmaku:Cluster:Port")]
    [InlineData("Danmaku:Store:ConectionString", "Danmaku:Store:ConnectionString")]
    [InlineData("Danmaku:Cache:PostsPerSecond", "Danmaku:Room:PostsPerSecond")]
    [InlineData("Danmaku:RoleList", "Danmaku:Roles")]
    public void An_unknown_key_is_refused_with_the_nearest_one(string key, string nearest)
    {
        var error = Assert.Throws<SettingsException>(() => NodeSettings.Read(Given((key, "1"))));

        Assert.Equal($"{key}: unknown; did you mean {nearest}?", error.Message);
    }

    [Fact]
    public void All_unknown_keys_are_one_line()
    {
        var error = Assert.Throws<SettingsException>(() => NodeSettings.Read(Given(("Danmaku:Rols", "edge"), ("Danmaku:Room:IdelAfter", "1"))));

        Assert.Equal(
            "Danmaku:Rols: unknown; did you mean Danmaku:Roles? Danmaku:Room:IdelAfter: unknown; did you mean Danmaku:Room:IdleAfter?", error.Message);
    }

    [Fact]
    public void Keys_outside_Danmaku_and_empty_sections_are_ignored() => NodeSettings.Read(Given(
        ("Logging:LogLevel:Danmaku", "Debug"),
        ("Danmaku", "1"),
        ("DanmakuTest:Rols", "1"),
        ("Rols", "1"),
        ("DANMAKU:CONNECTION", null)));

    [Theory]
    [InlineData("Danmaku:Plain")]
    [InlineData("Danmaku:Inner:Number")]
    [InlineData("Danmaku:Inner:Fixed:Number")]
    [InlineData("Danmaku:List:0")]
    [InlineData("Danmaku:Map:any:thing")]
    public void Nested_classes_are_sections_and_collections_take_any_key(string key) => OptionKeys.Check(Given((key, "1")), Sample);

    [Theory]
    [InlineData("Danmaku:Plain:0", "Danmaku:Plain")]
    [InlineData("Danmaku:Inner:Numbr", "Danmaku:Inner:Number")]
    [InlineData("Danmaku:Inner", "Danmaku:Plain")]
    [InlineData("Danmaku:Computed", "Danmaku:Plain")]
    [InlineData("Danmaku:Where:Port", "Danmaku:List")]
    [InlineData("Danmaku:Lists:0", "Danmaku:List")]
    public void A_key_without_a_property_is_unknown_there_too(string key, string nearest)
    {
        var error = Assert.Throws<SettingsException>(() => OptionKeys.Check(Given((key, "1")), Sample));

        Assert.StartsWith($"{key}: unknown", error.Message, StringComparison.Ordinal);
        Assert.EndsWith($"{nearest}?", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a:b", "a:b")]
    [InlineData("A:B", "a:b")]
    [InlineData("a:xyz:same", "other:same")]
    [InlineData("a:kitten", "a:sitting")]
    [InlineData("", "a:b")]
    public void The_nearest_key_has_the_same_last_part_or_the_fewest_characters_to_change(string key, string nearest) =>
        Assert.Equal(nearest, OptionKeys.Nearest(key, ["a:sitting", "a:b", "other:same", "a:xyz:sane"]));

    private static OptionKeys.Option[] Sample => [.. OptionKeys.In(typeof(Outer), "Danmaku")];

    private static IConfiguration Given(params (string Key, string? Value)[] values) =>
        new ConfigurationBuilder().AddInMemoryCollection(values.Select(pair => KeyValuePair.Create(pair.Key, pair.Value))).Build();

    private sealed class Outer
    {
        public string Plain { get; set; } = "";

        public Inner Inner { get; set; } = new();

        public IReadOnlyList<int> List { get; set; } = [];

        public Dictionary<string, Inner> Map { get; set; } = [];

        public string Computed => Plain;

        public UriBuilder Where => new(Plain);
    }

    private sealed class Inner
    {
        public int? Number { get; set; }

        public Innermost Fixed { get; } = new();
    }

    private sealed class Innermost
    {
        public TimeSpan Number { get; set; }
    }
}
