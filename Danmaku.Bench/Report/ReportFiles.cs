using System.Net;
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
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase), new AddressConverter() },
    };

    public static string Json<T>(T report) => JsonSerializer.Serialize(report, Options) + "\n";

    public static string Markdown(RunReport report)
    {
        var (machine, text) = (report.Machine, new StringBuilder());
        text.Append($"`dotnet run -c Release --project Danmaku.Bench -- {machine.Command}`\n\n");
        text.Append($"{machine.Date}, {machine.Cores} cores, {machine.Cpu}, {machine.System}, {machine.Runtime}\n\n");
        text.Append("| what | figure |\n| --- | --- |\n");
        foreach (var (name, value) in Figures.Of(report))
        {
            text.Append($"| {name} | {value} |\n");
        }

        if (report.Steps.Count > 0)
        {
            text.Append($"\n| {string.Join(" | ", Figures.StepColumns)} |\n|{string.Concat(Figures.StepColumns.Select(_ => " --- |"))}\n");
            foreach (var row in Figures.Steps(report))
            {
                text.Append($"| {string.Join(" | ", row)} |\n");
            }
        }

        foreach (var remark in report.Remarks)
        {
            text.Append($"\n{remark}\n");
        }

        return text.ToString();
    }

    private sealed class AddressConverter : JsonConverter<IPAddress>
    {
        public override IPAddress Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            IPAddress.Parse(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, IPAddress value, JsonSerializerOptions options) => writer.WriteStringValue($"{value}");
    }
}
