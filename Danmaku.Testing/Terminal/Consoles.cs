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
}
