using System.Net;
using Danmaku.Bench.Engine;
using Danmaku.Bench.Measure;

namespace Danmaku.Bench.Viewers;

/// <summary>One viewer of a room: counts what it gets and checks the order.</summary>
/// <param name="latency">Where it records how long danmaku took; null for one that does not measure.</param>
public abstract class Viewer(RoomRun room, LatencyRecorder? latency) : ILinkOwner
{
    private bool _isJoined;

    /// <summary>Danmaku received, of this run's posts and of others in the room.</summary>
    public long Deliveries { get; protected set; }

    /// <summary>Of <see cref="Deliveries"/>: recognised as none of this run's, so somebody else is in the room.</summary>
    public long Foreign { get; protected set; }

    /// <summary>Whether danmaku come from now on.</summary>
    public bool IsJoined
    {
        get => _isJoined;
        protected set
        {
            _isJoined = value;
            Changed?.Invoke(this);
        }
    }

    /// <summary>Which one it is of the run.</summary>
    public required int Index { get; init; }

    /// <summary>Whether it came while posts were going on, so that nobody knows with which its sequence begins.</summary>
    public bool IsLate { get; init; }

    /// <summary>When it was to begin to connect, in microseconds of the run's clock.</summary>
    public long DueMicros { get; set; }

    /// <summary>Called when it has joined and when its connection is over.</summary>
    public Action<Viewer>? Changed { get; init; }

    /// <summary>How the connection ended; null while it lasts.</summary>
    public string? End { get; private set; }

    public bool IsDisconnected => Link is { IsDisconnected: true };

    /// <summary>Whether something waits to be flushed.</summary>
    public bool IsDirty { get; set; }

    protected RoomRun Room => room;

    protected LatencyRecorder? Latency => latency;

    protected Link? Link { get; private set; }

    /// <summary>Begins to connect and to join, also once more after it was not let in.</summary>
    public void Connect(Target target, IPAddress? source)
    {
        End = null;
        Link = room.Loop.Open(target, this, source);
    }

    public void Flush()
    {
        IsDirty = false;
        Link!.Flush();
    }

    /// <param name="isPolite">Says goodbye; else its connection is simply gone.</param>
    public void Leave(bool isPolite)
    {
        if (isPolite)
        {
            Link?.Close();
        }
        else
        {
            Link?.Abandon();
        }
    }

    /// <summary>Writes a post, without sending it.</summary>
    public abstract void Post(PostTag tag);

    /// <summary>Whether it has got all that it must get.</summary>
    public abstract bool HasEverything();

    /// <summary>How its sequence went so far.</summary>
    /// <param name="isOver">Nothing more will come, so what has not come yet is missing.</param>
    public abstract Sequences Check(bool isOver);

    public virtual void OnOpen() => IsJoined = true;

    public abstract void OnText(ReadOnlySpan<byte> payload, bool isDeflated);

    /// <summary>Says what is to be said now and then, so that the server does not take it for gone.</summary>
    public virtual void KeepAlive()
    {
    }

    public void OnEnd(string how)
    {
        End = how;
        Changed?.Invoke(this);
    }

    /// <summary>The post that a text is; -1 when it is foreign, which is counted.</summary>
    protected int Identify(ReadOnlySpan<byte> text)
    {
        Deliveries++;
        var number = room.Texts.TryReadNumber(text);
        if (!room.Book.IsKnown(number))
        {
            Foreign++;
            return -1;
        }

        if (latency is not null)
        {
            if (room.Texts.TryRead(text) is not { } tag || tag.DueMicros != room.Book.DueOf(number))
            {
                throw new InvalidDataException("a danmaku that is not as it was posted");
            }

            Arrived(number);
        }

        return number;
    }

    /// <summary>A danmaku of this run arrived.</summary>
    protected void Arrived(int number)
    {
        if (room.Book.IsMeasured(number))
        {
            latency!.Record(room.Loop.Now - room.Book.DueOf(number));
        }
    }
}
