using System.Net.Sockets;
using Danmaku.Bench.Engine;

namespace Danmaku.Bench.Flood;

/// <summary>How a connection of an attack ended.</summary>
public enum AttackEnd
{
    /// <summary>Not yet.</summary>
    None,

    /// <summary>It could not be made.</summary>
    Failed,

    /// <summary>The first answer was no.</summary>
    Refused,

    /// <summary>The server ended it.</summary>
    Closed,

    /// <summary>It got what it came for.</summary>
    Reached,
}

/// <summary>One connection of an attack. Does not wait; reads all that comes and keeps none of it.</summary>
public sealed class AttackConnection : IDisposable
{
    /// <summary>By itself the system would hold megabytes for each, which no node has been sent.</summary>
    private const int SendBufferBytes = 64 * 1024;

    private readonly AttackScript _script;
    private readonly Socket _socket;
    private byte[] _sending;
    private int _sent;
    private bool _isAnswered;
    private bool _isWatched = true;
    private bool _isFiring;

    public AttackConnection(AttackScript script)
    {
        (_script, _sending) = (script, script.Opening);
        _socket = new Socket(script.Server.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            LingerState = new LingerOption(true, 0),
            SendBufferSize = SendBufferBytes,
        };
    }

    public bool IsConnected { get; private set; }

    /// <summary>Whether it is to last.</summary>
    public bool Stays => _script.Goal is null;

    /// <summary>Sent of its volleys.</summary>
    public long Messages { get; private set; }

    /// <exception cref="SocketException">Nobody is there, or there are no addresses or files left.</exception>
    public void Connect(IPoller poller, int id)
    {
        LoadLoop.Bind(_socket, _script.Source);
        poller.Connect(_socket, _script.Server);
        poller.Add(_socket, id);
    }

    /// <summary>Sends what is due, as far as the system takes it.</summary>
    public AttackEnd Write(IPoller poller, int id)
    {
        if (!IsConnected)
        {
            if (_socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is not 0)
            {
                return AttackEnd.Failed;
            }

            IsConnected = true;
        }

        if (_sent < _sending.Length)
        {
            _sent += _socket.Send(_sending.AsSpan(_sent), SocketFlags.None, out var error);
            if (error is not (SocketError.Success or SocketError.WouldBlock))
            {
                return AttackEnd.Closed;
            }
        }

        if (_sent == _sending.Length)
        {
            Load();
        }

        Watch(poller, id, _sent < _sending.Length);
        return AttackEnd.None;
    }

    public AttackEnd Read(IPoller poller, int id, byte[] buffer)
    {
        var length = _socket.Receive(buffer, SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
        {
            return AttackEnd.None;
        }

        if (error != SocketError.Success || length == 0)
        {
            return AttackEnd.Closed;
        }

        var bytes = buffer.AsSpan(0, length);
        if (!_isAnswered)
        {
            if (!bytes.StartsWith("HTTP/1.1 101"u8) && !bytes.StartsWith("HTTP/1.1 200"u8))
            {
                return AttackEnd.Refused;
            }

            _isAnswered = true;
            if (_sent == _sending.Length)
            {
                (_sending, _sent) = (_script.Answered, 0);
                Watch(poller, id, isWatched: true);
            }
        }

        return _script.Goal is { } goal && bytes.IndexOf(goal) >= 0 ? AttackEnd.Reached : AttackEnd.None;
    }

    /// <summary>Without a goodbye, and leaving nothing behind on this machine.</summary>
    public void Dispose() => _socket.Dispose();

    /// <summary>Everything is sent: what comes next, if anything.</summary>
    private void Load()
    {
        Messages += _isFiring ? _script.Volley!.Messages : 0;
        _isFiring = _isAnswered && _script.Volley is not null;
        if (_isFiring)
        {
            (_sending, _sent) = (_script.Volley!.Next(), 0);
        }
    }

    private void Watch(IPoller poller, int id, bool isWatched)
    {
        if (_isWatched != isWatched)
        {
            _isWatched = isWatched;
            poller.WatchWriting(_socket, id, isWatched);
        }
    }
}
