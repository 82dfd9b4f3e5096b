namespace Danmaku.WebSockets;

/// <summary>The bytes that a client sends, pushed to a sink.</summary>
public interface IByteSource
{
    /// <summary>From now on <paramref name="sink"/> gets all bytes, beginning with those received before.</summary>
    void Start(IByteSink sink);

    /// <summary>The sink accepts bytes again. Safe to call from any thread, also from within the sink.</summary>
    void Resume();
}

/// <summary>Gets the bytes that a client sends. Called by one thread at a time, which it must not block.</summary>
public interface IByteSink
{
    /// <param name="bytes">May be changed; invalid after the call.</param>
    /// <returns>False to pause until <see cref="IByteSource.Resume"/>; these bytes were accepted.</returns>
    bool Take(Memory<byte> bytes);

    /// <summary>Nothing will come any more.</summary>
    void End();
}
