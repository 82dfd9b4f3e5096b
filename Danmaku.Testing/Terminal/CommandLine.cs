using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Danmaku.Testing.Terminal;

/// <summary>Kinds of options that all scenarios have.</summary>
public static class CommandLine
{
    public static Option<int> Number(string name, string description, int byDefault, int least = 1, int most = 1_000_000) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => byDefault,
        Validators = { result => Require<int>(result, value => value >= least && value <= most, $"{least} to {most}") },
    };

    public static Option<TimeSpan> Time(string name, string description, TimeSpan byDefault) => new(name)
    {
        Description = $"{description} As in 500ms, 30s or 2m.",
        CustomParser = ParseTime,
        DefaultValueFactory = _ => byDefault,
    };

    public static void Require<T>(OptionResult result, Func<T?, bool> isGood, string range)
    {
        try
        {
            if (!isGood(result.GetValueOrDefault<T>()))
            {
                result.AddError($"{result.Option.Name} must be {range}.");
            }
        }
        catch (InvalidOperationException)
        {
            // It is no number, which the parser says afterwards.
        }
    }

    private static TimeSpan ParseTime(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        (string Unit, double Seconds)[] units = [("ms", 0.001), ("s", 1), ("m", 60)];
        foreach (var (unit, seconds) in units)
        {
            if (text.EndsWith(unit, StringComparison.Ordinal)
                && double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count))
            {
                return TimeSpan.FromSeconds(count * seconds);
            }
        }

        result.AddError($"'{text}' is not a time like 500ms, 30s or 2m.");
        return TimeSpan.Zero;
    }
}
