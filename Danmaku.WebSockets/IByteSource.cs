namespace Danmaku.WebSockets;

/// <summary>What a client sends, as it comes: for one who does not wait for it, but is called.</summary>
public interface IByteSource
{
    /// <summary>From now on <paramref name="sink"/> gets all that comes, what has come before first.</summary>
    void Start(IByteSink sink);

    /// <summary>The sink takes bytes again. Safe to call from any thread, also from within the sink.</summary>
    void Resume();
}

/// <summary>Gets what a client sends. Called by one thread at a time, which it must not keep waiting.</summary>
public interface IByteSink
{
    /// <param name="bytes">May be changed, and are gone after the call.</param>
    /// <returns>False when nothing more may come before <see cref="IByteSource.Resume"/>; these have been taken all the same.</returns>
    bool Take(Memory<byte> bytes);

    /// <summary>Nothing will come any more.</summary>
    void End();
}
