using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Danmaku.Bench.Report;

/// <summary>A report as files: JSON for programs, Markdown for docs/benchmarks.md.</summary>
public static class ReportFiles
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public static string Json(FanoutReport report) => JsonSerializer.Serialize(report, Options) + "\n";

    public static string Markdown(FanoutReport report)
    {
        var (machine, text) = (report.Machine, new StringBuilder());
        text.Append($"`dotnet run -c Release --project Danmaku.Bench -- {machine.Command}`\n\n");
        text.Append($"{machine.Date}, {machine.Cores} cores, {machine.Cpu}, {machine.System}, {machine.Runtime}\n\n");
        text.Append("| what | figure |\n| --- | --- |\n");
        foreach (var (name, value) in Figures.Of(report))
        {
            text.Append($"| {name} | {value} |\n");
        }

        foreach (var remark in report.Remarks)
        {
            text.Append($"\n{remark}\n");
        }

        return text.ToString();
    }
}
