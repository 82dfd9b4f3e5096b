using System.Buffers.Binary;
using System.Security.Cryptography;
using Danmaku.Core.Rooms;

namespace Danmaku.Node.Conversations;

/// <summary>Makes post ids for clients that send none.</summary>
internal static class PostIds
{
    public static PostId New()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        return new PostId(BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }
}
