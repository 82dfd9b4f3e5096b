using Danmaku.Core.Clocks;
using Danmaku.Core.Identities;
using Danmaku.Core.Wire;
using static Danmaku.Actors.Clocks.ClockProtocol;
using static Danmaku.Actors.Identities.DeploymentKeyProtocol;
using static Danmaku.Actors.Rooms.ReplicationProtocol;
using static Danmaku.Actors.Serialization.WireParts;

namespace Danmaku.Actors.Serialization;

/// <summary>Reads and writes what nodes tell each other about their state and their clocks.</summary>
internal static class NodeCodec
{
    public static readonly WireForm[] Forms =
    [
        new WireForm<NodeStatus>("n", WriteStatus, ReadStatus),
        new WireForm<AskClock>("l", WriteAsk, (ref BinaryReaderSpan reader, byte[] _) => new AskClock(reader.ReadInteger())),
        new WireForm<TellClock>("m", WriteTell, ReadTell),
        new WireForm<AskDeploymentKey>(
            "ka", (ref BinaryWriterBuffer _, AskDeploymentKey _) => { }, (ref BinaryReaderSpan _, byte[] _) => AskDeploymentKey.Instance),
        new WireForm<TellDeploymentKey>("kt", WriteKey, ReadKey),
    ];

    private static void WriteStatus(ref BinaryWriterBuffer writer, NodeStatus note)
    {
        writer.WriteString(note.Address);
        writer.WriteString(note.Name);
        writer.WriteString(note.PublicUrl);
        WriteFlag(ref writer, note.TakesViewers);
        writer.WriteNumber((ulong)note.Rooms);
        writer.WriteNumber((ulong)note.Viewers);
        writer.WriteString(note.HttpUrl);
    }

    private static NodeStatus ReadStatus(ref BinaryReaderSpan reader, byte[] bytes)
    {
        var (address, name, url) = (reader.ReadString(MaxNameBytes), reader.ReadString(MaxNameBytes), reader.ReadString(MaxNameBytes));
        return new NodeStatus(address, name, url, ReadFlag(ref reader), reader.ReadInteger(), reader.ReadInteger())
        {
            HttpUrl = reader.ReadString(MaxNameBytes),
        };
    }

    private static void WriteAsk(ref BinaryWriterBuffer writer, AskClock ask) => writer.WriteNumber((ulong)ask.Asked);

    private static void WriteTell(ref BinaryWriterBuffer writer, TellClock told)
    {
        writer.WriteNumber((ulong)told.Asked);
        writer.WriteNumber((ulong)told.Time);
        writer.WriteByte((byte)told.State);
    }

    private static TellClock ReadTell(ref BinaryReaderSpan reader, byte[] bytes) =>
        new(reader.ReadInteger(), reader.ReadInteger(), ReadClockState(ref reader));

    private static void WriteKey(ref BinaryWriterBuffer writer, TellDeploymentKey told) => writer.WriteBytes(told.Secret.Span);

    private static TellDeploymentKey ReadKey(ref BinaryReaderSpan reader, byte[] bytes) => new(reader.ReadBytes(DeploymentKey.Bytes).ToArray());

    /// <summary>An unknown state counts as doubted.</summary>
    private static ClockState ReadClockState(ref BinaryReaderSpan reader) =>
        (ClockState)reader.ReadByte() is var state && Enum.IsDefined(state) ? state : ClockState.Doubted;
}
