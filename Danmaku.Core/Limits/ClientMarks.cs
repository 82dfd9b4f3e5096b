using System.Security.Cryptography;

namespace Danmaku.Core.Limits;

/// <summary>
/// Marks let an origin distinguish the clients of an edge without knowing their addresses. A mark is a keyed hash of the client; without the key nobody can
/// find the client. Thread-safe.
/// </summary>
/// <param name="key">At least 16 random bytes. Another key gives other marks.</param>
public sealed class ClientMarks(byte[] key)
{
    /// <summary>A mark is 1 to this; 0 means that the client is unknown.</summary>
    public const int Max = (1 << Bits) - 1;

    /// <summary>Few bits are enough: among 4000 others a client shares its mark with one once in 2000 times.</summary>
    public const int Bits = 23;

    public int Of(ClientNetwork client)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, client.ToBytes(), hash);
        return 1 + (int)(BitConverter.ToUInt32(hash) % Max);
    }
}
