using Spectre.Console;

namespace Danmaku.Testing.Terminal;

/// <summary>Where a tool says what it finds.</summary>
public static class Consoles
{
    private const int RedirectedWidth = 180;

    /// <summary>The terminal as it is; a file or a pipe gets wide lines without colours.</summary>
    public static IAnsiConsole Open()
    {
        if (!Console.IsOutputRedirected)
        {
            return AnsiConsole.Console;
        }

        var plain = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Interactive = InteractionSupport.No });
        plain.Profile.Width = RedirectedWidth;
        return plain;
    }

    /// <param name="columns">Their names; two that have none are shown without a heading.</param>
    public static void WriteTable(this IAnsiConsole console, IReadOnlyList<string>? columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns([.. columns ?? ["what", "figure"]]);
        table.ShowHeaders = columns is not null;
        foreach (var row in rows)
        {
            table.AddRow([.. row.Select(Markup.Escape)]);
        }

        console.Write(table);
    }

    /// <summary>Lines of name and value.</summary>
    public static void WriteTable(this IAnsiConsole console, IEnumerable<(string Name, string Value)> figures) =>
        console.WriteTable(columns: null, figures.Select(figure => (IReadOnlyList<string>)[figure.Name, figure.Value]));
}
