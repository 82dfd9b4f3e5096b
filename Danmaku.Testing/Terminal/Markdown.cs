using System.Text;

namespace Danmaku.Testing.Terminal;

/// <summary>A report for docs/benchmarks.md.</summary>
public static class Markdown
{
    /// <summary>A report that begins with what runs it again, and where and when it was made.</summary>
    public static StringBuilder Begin(Machine machine, string command) => new(
        FormattableString.Invariant($"`{command}`\n\n{machine.Date}, {machine.Cores} cores, {machine.Cpu}, {machine.System}, {machine.Runtime}\n\n"));

    /// <summary>The same of the load generator, which knows with what arguments it was run.</summary>
    public static StringBuilder BeginBench(Machine machine) => Begin(machine, $"dotnet run -c Release --project Danmaku.Bench -- {machine.Command}");

    public static StringBuilder AppendTable(this StringBuilder text, IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        IReadOnlyList<string>[] lines = [columns, [.. columns.Select(_ => "---")], .. rows];
        return text.AppendJoin("", lines.Select(cells => $"| {string.Join(" | ", cells)} |\n"));
    }

    /// <summary>Lines of name and value.</summary>
    public static StringBuilder AppendTable(this StringBuilder text, IEnumerable<(string Name, string Value)> figures) =>
        text.AppendTable(["what", "figure"], figures.Select(figure => (IReadOnlyList<string>)[figure.Name, figure.Value]));

    /// <summary>Each line is a paragraph.</summary>
    public static StringBuilder AppendRemarks(this StringBuilder text, IEnumerable<string> remarks) =>
        text.AppendJoin("", remarks.Select(remark => $"\n{remark}\n"));
}
