using System.Text;
using Danmaku.Bench.Measure;
using Danmaku.Bench.Targets;

namespace Danmaku.Bench.Viewers;

/// <summary>A viewer of <see cref="SignalRTarget"/>, in SignalR's JSON protocol.</summary>
public sealed class SignalRViewer(RoomRun room, LatencyRecorder? latency) : RelayViewer(room, latency)
{
    private const byte RecordSeparator = 0x1e;

    public override void OnOpen()
    {
        Link!.Write("{\"protocol\":\"json\",\"version\":1}\u001e"u8);
        Link.Flush();
    }

    public override void Post(PostTag tag) => Link!.Write(Encoding.ASCII.GetBytes(
        $$"""{"type":1,"target":"{{nameof(RelayHub.Post)}}","arguments":["{{Room.Texts.Text(tag)}}"]}""" + '\u001e'));

    public override void KeepAlive()
    {
        Link!.Write("{\"type\":6}\u001e"u8);
        Link.Flush();
    }

    public override void OnText(ReadOnlySpan<byte> payload, bool isDeflated)
    {
        for (int end; (end = payload.IndexOf(RecordSeparator)) >= 0; payload = payload[(end + 1)..])
        {
            OnRecord(payload[..end]);
        }
    }

    private void OnRecord(ReadOnlySpan<byte> record)
    {
        if (!IsJoined)
        {
            IsJoined = record.SequenceEqual("{}"u8) ? true : throw new InvalidDataException($"SignalR refuses: {Encoding.UTF8.GetString(record)}");
            return;
        }

        var prefix = """{"type":1,"target":"said","arguments":["""u8;
        if (record.StartsWith(prefix))
        {
            // Texts of this tool need no escapes.
            var text = record[(prefix.Length + 1)..];
            base.OnText(text[..Math.Max(0, text.IndexOf((byte)'"'))], isDeflated: false);
        }
    }
}
