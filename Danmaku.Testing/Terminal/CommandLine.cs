using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
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

    /// <summary>Adds lines to the end of the help, such as examples.</summary>
    /// <param name="lines">Of a command that is asked for.</param>
    public static void EndHelpWith(this RootCommand root, Func<Command, IEnumerable<string>> lines)
    {
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new LongerHelp((SynchronousCommandLineAction)help.Action!, lines);
    }

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

    private sealed class LongerHelp(SynchronousCommandLineAction help, Func<Command, IEnumerable<string>> lines) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var code = help.Invoke(parseResult);
            lines(parseResult.CommandResult.Command).ToList().ForEach(parseResult.InvocationConfiguration.Output.WriteLine);
            return code;
        }
    }
}
