using System.Text.Json;
using Danmaku.Core.Wire;

namespace Danmaku.Testing;

/// <summary>An outbox without a socket: keeps what it was given, and is as full as the test wants it to be.</summary>
/// <remarks>Thread-safe.</remarks>
public sealed class FakeOutbox : IOutbox
{
    private readonly Lock _lock = new();
    private readonly List<Frame> _frames = [];
    private readonly List<Frame> _late = [];
    private int _waiting;

    /// <summary>How many frames fit until <see cref="Drain"/>; without end by default.</summary>
    public int Capacity { get; set; } = int.MaxValue;

    public bool IsDrained
    {
        get
        {
            lock (_lock)
            {
                return _waiting == 0 || Capacity == int.MaxValue;
            }
        }
    }

    /// <summary>Why it was closed; null while it is open.</summary>
    public CloseReason? Closed { get; private set; }

    /// <summary>What was sent, in order; without what waits for the next frame.</summary>
    public IReadOnlyList<Frame> Frames
    {
        get
        {
            lock (_lock)
            {
                return [.. _frames];
            }
        }
    }

    /// <summary>The text messages that were written, in order; control frames are left out.</summary>
    public IReadOnlyList<string> Texts => [.. Frames.SelectMany(frame => WebSocketFrames.Texts(frame.Bytes.Span))];

    /// <summary>The text messages as JSON.</summary>
    public IReadOnlyList<JsonElement> Messages => [.. Texts.Select(text => JsonElement.Parse(text))];

    /// <summary>The JSON messages of one type.</summary>
    public IReadOnlyList<JsonElement> OfType(string type) =>
        [.. Messages.Where(message => message.GetProperty("type").GetString() == type)];

    public bool TryWrite(Frame frame, bool later = false)
    {
        lock (_lock)
        {
            if (Closed is not null || _waiting >= Capacity)
            {
                return false;
            }

            _late.Add(frame);
            _waiting++;
            if (!later)
            {
                Flush();
            }

            return true;
        }
    }

    public void Flush()
    {
        lock (_lock)
        {
            _frames.AddRange(_late);
            _late.Clear();
        }
    }

    /// <summary>The socket has taken what was waiting, or as many frames of it.</summary>
    public void Drain(int frames = int.MaxValue)
    {
        lock (_lock)
        {
            _waiting -= Math.Min(frames, _waiting);
        }
    }

    /// <summary>Forgets what was written.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _frames.Clear();
        }
    }

    public void Close(CloseReason reason)
    {
        lock (_lock)
        {
            Closed ??= reason;
        }
    }
}
