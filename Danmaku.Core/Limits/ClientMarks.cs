using System.Security.Cryptography;

namespace Danmaku.Core.Limits;

/// <summary>
/// Marks by which an origin tells the clients of an edge apart without knowing them: a keyed hash of the client, of which nobody without the key
/// finds the way back. Thread-safe.
/// </summary>
/// <param name="key">At least 16 random bytes. Another key gives other marks.</param>
public sealed class ClientMarks(byte[] key)
{
    /// <summary>A mark is 1 to this; 0 stands for nobody knows who.</summary>
    public const int Max = (1 << Bits) - 1;

    /// <summary>Few, and enough: among 4000 others a client shares its mark with one once in 2000 times.</summary>
    public const int Bits = 23;

    public int Of(ClientNetwork client)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, client.ToBytes(), hash);
        return 1 + (int)(BitConverter.ToUInt32(hash) % Max);
    }
}
