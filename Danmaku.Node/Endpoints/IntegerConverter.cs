using System.Text.Json;
using System.Text.Json.Serialization;
using Danmaku.Core.Wire;

namespace Danmaku.Node.Endpoints;

/// <summary>Reads integers in any notation, as over a WebSocket (<see cref="JsonIntegers"/>).</summary>
internal sealed class IntegerConverter : JsonConverter<long>
{
    public override long Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JsonIntegers.TryRead(ref reader, out var value) ? value : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, long value, JsonSerializerOptions options) => writer.WriteNumberValue(value);
}
