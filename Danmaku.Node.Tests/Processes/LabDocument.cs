using System.Text.RegularExpressions;

namespace Danmaku.Node.Tests.Processes;

/// <summary>One command of docs/lab.md, and what the document shows below it.</summary>
/// <param name="Text">As a shell reads it.</param>
/// <param name="Shown">
/// Lines; <c>…</c> stands for anything within a line and, alone, for any number of lines. A date stands for any date, and any space for any other.
/// </param>
internal sealed partial record LabCommand(string Text, IReadOnlyList<string> Shown)
{
    /// <summary>Another program keeps running, and says what it says when it comes to it.</summary>
    public bool IsInBackground => Text.EndsWith('&');

    /// <summary>Whether it printed what the document shows.</summary>
    public bool Matches(IEnumerable<string> printed)
    {
        var lines = Shown.Select(line => line == "…" ? @"(?:.*\n)*?" : Pattern(Normal(line)) + @"\n");
        var text = string.Concat(Trim(printed.Select(Normal)).Select(line => line + "\n"));
        return Regex.IsMatch(text, $@"\A{string.Concat(lines)}\z");
    }

    private static string Pattern(string line) => Date().Replace(Regex.Escape(line), Date().ToString()).Replace("…", ".+", StringComparison.Ordinal);

    private static string Normal(string line) => Space().Replace(line.TrimEnd(), " ");

    private static IEnumerable<string> Trim(IEnumerable<string> lines) =>
        lines.SkipWhile(line => line == "").Reverse().SkipWhile(line => line == "").Reverse();

    /// <summary>RFC 9110 §5.6.7, also with its spaces escaped.</summary>
    [GeneratedRegex(@"[A-Z][a-z]{2},\\? [0-9]{2}\\? [A-Z][a-z]{2}\\? [0-9]{4}\\? [0-9:]{8}\\? GMT")]
    private static partial Regex Date();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}

/// <summary>What an exercise has one after the other.</summary>
internal abstract record LabStep
{
    public sealed record Run(LabCommand Command) : LabStep;

    /// <summary>A node stops, where one runs, and another starts.</summary>
    /// <param name="Settings">Such as <c>Danmaku:DataDirectory=$DIR/data</c>.</param>
    public sealed record StartNode(IReadOnlyList<string> Settings) : LabStep;
}

internal sealed record LabExercise(string Title, IReadOnlyList<LabStep> Steps);

/// <summary>docs/lab.md as its test reads it.</summary>
/// <param name="Variables">Those that its commands use.</param>
/// <param name="Node">The node that everything is tried on.</param>
/// <remarks>
/// A block <c>console</c> has commands behind <c>$</c> and their output. A block <c>sh</c> sets the variables or starts a node. A block whose first line is
/// <c># Not tested: </c> and a reason is not run, and nothing else is left out.
/// </remarks>
internal sealed record LabDocument(IReadOnlyList<string> Variables, LabStep.StartNode Node, IReadOnlyList<LabExercise> Exercises)
{
    private const string NotTested = "# Not tested: ";
    private const string Export = "export ";
    private const string StartNode = "dotnet run -c Release --project Danmaku.Node -- --urls http://$LAB";

    public static LabDocument Read()
    {
        var sections = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs/lab.md")).Split("\n## ");
        if (Blocks(sections[1]).ToList() is not [{ Lines: [var variables] }, var node])
        {
            throw new FormatException("docs/lab.md does not begin with the variables and a node.");
        }

        return new LabDocument(
            [.. variables[Export.Length..].Split(' ').Select(assignment => assignment.Split('=')[0])],
            Steps(node).OfType<LabStep.StartNode>().Single(),
            [.. sections.Skip(2).Select(section => new LabExercise(section.Split('\n')[0], [.. Blocks(section).SelectMany(Steps)]))]);
    }

    private static IEnumerable<(string Kind, string[] Lines)> Blocks(string section) => section.Split("\n```").Index()
        .Where(part => part.Index % 2 == 1)
        .Select(part => part.Item.Split('\n'))
        .Where(lines => lines[0] is "sh" or "console" && !lines[1].StartsWith(NotTested, StringComparison.Ordinal))
        .Select(lines => (lines[0], lines[1..]));

    private static IEnumerable<LabStep> Steps((string Kind, string[] Lines) block) =>
        block.Kind == "console" ? Commands(block.Lines).Select(command => new LabStep.Run(command))
        : block.Lines is [var line] && line.StartsWith(StartNode, StringComparison.Ordinal) ? [new LabStep.StartNode(Settings(line[StartNode.Length..]))]
        : throw new FormatException($"docs/lab.md: neither a node nor not tested: {block.Lines[0]}");

    private static string[] Settings(string options) => [.. options.Split(" --", StringSplitOptions.RemoveEmptyEntries)];

    private static List<LabCommand> Commands(string[] lines)
    {
        var commands = new List<(List<string> Text, List<string> Shown)>();
        foreach (var line in lines)
        {
            if (line.StartsWith("$ ", StringComparison.Ordinal))
            {
                commands.Add(([line[2..]], []));
            }
            else if (commands[^1] is { Shown.Count: 0, Text: [.., var last] text } && last.EndsWith('\\'))
            {
                text.Add(line);
            }
            else
            {
                commands[^1].Shown.Add(line.TrimEnd());
            }
        }

        return [.. commands.Select(command => new LabCommand(string.Join('\n', command.Text), Trim(command.Shown)))];
    }

    private static List<string> Trim(List<string> lines) => lines is [.., ""] ? Trim(lines[..^1]) : lines;
}
