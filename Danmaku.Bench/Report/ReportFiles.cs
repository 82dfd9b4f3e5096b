using System.Net;
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
        var text = Testing.Terminal.Markdown.BeginBench(report.Machine).AppendTable(Figures.Of(report));
        if (report.Steps.Count > 0)
        {
            text.Append('\n').AppendTable(Figures.StepColumns, Figures.Steps(report));
        }

        return $"{text.AppendRemarks(report.Remarks)}";
    }

    private sealed class AddressConverter : JsonConverter<IPAddress>
    {
        public override IPAddress Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            IPAddress.Parse(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, IPAddress value, JsonSerializerOptions options) => writer.WriteStringValue($"{value}");
    }
}
