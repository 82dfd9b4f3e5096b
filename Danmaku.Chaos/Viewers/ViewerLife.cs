using System.Globalization;
using System.Text;
using Danmaku.Chaos.Checks;
using Danmaku.Core.Rooms;

namespace Danmaku.Chaos.Viewers;

/// <summary>All that a viewer was told about its room's order, and where that has brought it (docs/protocol.md §5). Not thread-safe.</summary>
/// <param name="tell">Hears of what does not happen to a viewer whom nobody disturbs.</param>
public sealed class ViewerLife(Action<string> tell)
{
    /// <summary>How many of the newest danmaku it asks for where it has lost some.</summary>
    public const int History = 20;

    private readonly List<Heard> _all = [];

    public IReadOnlyList<Heard> All => _all;

    /// <summary>The last position that it has; none before its first welcome.</summary>
    public Position Last { get; private set; }

    /// <summary>The <c>join</c> with which it comes back.</summary>
    public byte[] Join()
    {
        var position = Last.IsNone
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $$""","position":{"epoch":{{Last.Epoch}},"offset":{{Last.Offset}}}""");
        return Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"type":"join","history":{{History}}{{position}}}"""));
    }

    /// <summary>Keeps a <c>batch</c>, a <c>welcome</c>, a <c>skipped</c> or a <c>lost</c>.</summary>
    public void Hear(ServerMessage message)
    {
        switch (message.Type)
        {
            case "batch":
                OnBatch(message);
                break;
            case "welcome":
                OnNotice(message.IsLost ? Heard.Lost(message.Position) : Heard.Welcome(message.Position));
                break;
            case "skipped":
                OnNotice(Heard.Skipped(message.First with { Offset = message.From }, message.Through));
                break;
            case "lost":
                OnNotice(Heard.Lost(message.Position));
                break;
        }
    }

    private void OnBatch(ServerMessage batch)
    {
        for (var i = 0; i < batch.Comments.Count; i++)
        {
            Last = batch.First with { Offset = batch.First.Offset + i };
            _all.Add(Heard.Danmaku(Last, batch.Comments[i]?.Number ?? Heard.Foreign));
        }
    }

    private void OnNotice(Heard notice)
    {
        if (notice.Kind is HeardKind.Lost or HeardKind.Skipped)
        {
            tell($"at {Last} is told {notice.Kind} to {notice.Position}");
        }
        else if (!Last.IsNone && notice.Position != Last)
        {
            tell($"at {Last} is welcomed at {notice.Position}");
        }

        _all.Add(notice);
        Last = notice.Position;
    }
}
