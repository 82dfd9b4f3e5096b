using Danmaku.Bench.Scenarios;

namespace Danmaku.Bench.Tests.Scenarios;

public class CommandLineTests
{
    [Theory]
    [InlineData("--edges", "100", "--edges must be 0 to 99.")]
    [InlineData("--edges", "-1", "--edges must be 0 to 99.")]
    [InlineData("--edges", "two", "'two'")]
    [InlineData("--server-core", "1001", "--server-core must be 0 to 1000.")]
    [InlineData("--server-core", "first", "'first'")]
    [InlineData("--rate", "0", "--rate must be more than 0 and at most 1000000.")]
    [InlineData("--rate", "fast", "'fast'")]
    [InlineData("--duration", "long", "'long' is not a time like 500ms, 30s or 2m.")]
    public void A_wrong_value_is_refused_in_words(string option, string value, string words)
    {
        var line = FanOutCommand.Create().Parse([option, value]);

        Assert.Contains(words, Assert.Single(line.Errors).Message, StringComparison.Ordinal);
    }
}
