using System.Net.Sockets;

namespace Danmaku.Bench.Engine;

/// <summary>A socket of which something can be done without waiting.</summary>
/// <param name="Id">As it was given to <see cref="IPoller.Add"/>.</param>
public readonly record struct Ready(int Id, bool CanRead, bool CanWrite);

/// <summary>Finds out which of many sockets have something to read or room to write. For one thread.</summary>
/// <remarks>A socket leaves by being closed. A socket that is reported may be found without anything to do.</remarks>
public interface IPoller : IDisposable
{
    /// <summary>Connects without waiting where the system can; else waits.</summary>
    /// <exception cref="SocketException">Nobody is there.</exception>
    void Connect(Socket socket, System.Net.IPEndPoint endpoint);

    /// <summary>Reports from now on when the socket can be written, for one that is connecting, and when it can be read.</summary>
    void Add(Socket socket, int id);

    /// <summary>Whether a socket is reported too when it can be written. Right after <see cref="Add"/> it is.</summary>
    void WatchWriting(Socket socket, int id, bool isWatched);

    /// <summary>Waits until at least one socket is ready or the time is over.</summary>
    /// <param name="patience">Zero does not wait.</param>
    /// <returns>How many of <paramref name="ready"/> were filled.</returns>
    int Wait(Span<Ready> ready, TimeSpan patience);
}

public static class Pollers
{
    /// <summary>The best that this system has.</summary>
    public static IPoller Create() => OperatingSystem.IsLinux() ? new EpollPoller() : new PortablePoller();
}
