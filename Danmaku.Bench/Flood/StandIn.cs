using System.Net;
using System.Net.Sockets;
using Danmaku.Bench.Engine;

namespace Danmaku.Bench.Flood;

/// <summary>
/// What attackers meet instead of a node, to find out what their traffic costs the machine alone: takes every connection, answers what
/// comes first as if all were well, and throws the rest away.
/// </summary>
public static class StandIn
{
    private const int Backlog = 512;
    private const int BufferBytes = 64 * 1024;
    private const int MaxReady = 256;

    /// <summary>The id of the listening socket.</summary>
    private const int Door = -1;

    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(50);

    private static ReadOnlySpan<byte> Answer => "HTTP/1.1 101 Switching Protocols\r\n\r\n{\"type\":\"welcome\"}"u8;

    /// <param name="onListening">Called once.</param>
    public static void Run(int port, Action onListening, CancellationToken cancellation)
    {
        using var poller = Pollers.Create();
        using var door = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        door.Bind(new IPEndPoint(IPAddress.Loopback, port));
        door.Listen(Backlog);
        poller.Add(door, Door);
        poller.WatchWriting(door, Door, isWatched: false);
        onListening();

        var (guests, buffer, ready) = (new Dictionary<int, Socket>(), new byte[BufferBytes], new Ready[MaxReady]);
        var (answered, last) = (new HashSet<int>(), 0);
        while (!cancellation.IsCancellationRequested)
        {
            var count = poller.Wait(ready, LongestWait);
            for (var i = 0; i < count; i++)
            {
                if (ready[i].Id == Door)
                {
                    Admit(door, poller, guests, ref last);
                }
                else if (guests.TryGetValue(ready[i].Id, out var guest) && !Serve(guest, buffer, answered.Add(ready[i].Id)))
                {
                    guest.Dispose();
                    guests.Remove(ready[i].Id);
                    answered.Remove(ready[i].Id);
                }
            }
        }

        guests.Values.ToList().ForEach(guest => guest.Dispose());
    }

    private static void Admit(Socket door, IPoller poller, Dictionary<int, Socket> guests, ref int last)
    {
        try
        {
            while (true)
            {
                var guest = door.Accept();
                guest.Blocking = false;
                guests[++last] = guest;
                poller.Add(guest, last);
                poller.WatchWriting(guest, last, isWatched: false);
            }
        }
        catch (SocketException)
        {
            // All who waited are in, or there are no files left.
        }
    }

    /// <returns>False when it is over.</returns>
    private static bool Serve(Socket guest, byte[] buffer, bool isFirst)
    {
        var length = guest.Receive(buffer, SocketFlags.None, out var error);
        if (isFirst && length > 0)
        {
            guest.Send(Answer, SocketFlags.None, out _);
        }

        return length > 0 || error == SocketError.WouldBlock;
    }
}
