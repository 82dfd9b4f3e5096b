using System.Security.Cryptography;
using System.Text;
using Danmaku.HttpCache.Policy;

namespace Danmaku.HttpCache.Storage;

/// <summary>The bytes of a head file: key, status, fields, and length and digest of the body; last its own digest. Pure.</summary>
/// <param name="sliceBytes">Bytes of a slice. Slices of another size are rejected.</param>
internal sealed class HeadFormat(long sliceBytes, CacheRules rules)
{
    private static readonly byte[] Magic = "danmaku-cache-1\n"u8.ToArray();

    /// <summary>For slices, parts and sliced responses: different, so that earlier releases do not read them as whole responses.</summary>
    private static readonly byte[] PartMagic = "danmaku-cache-2\n"u8.ToArray();

    public byte[] Encode(CacheEntry entry, byte[] bodyDigest)
    {
        using var memory = new MemoryStream();
        var isPart = entry.Complete is not null || entry.Key.Part is not null;
        memory.Write(isPart ? PartMagic : Magic);
        using (var writer = new BinaryWriter(memory, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(entry.Key.Target);
            writer.Write(entry.Key.Site);
            if (isPart)
            {
                writer.Write(entry.Key.Part ?? "");
                writer.Write(entry.Complete ?? -1);
                writer.Write(sliceBytes);
            }

            Write(writer, entry, bodyDigest);
        }

        memory.Write(SHA256.HashData(memory.ToArray()));
        return memory.ToArray();
    }

    /// <param name="id">The name of the files.</param>
    /// <returns>Null if the bytes were damaged, or written with slices of another size.</returns>
    public CacheEntry? Decode(string id, byte[] bytes)
    {
        var headLength = bytes.Length - SHA256.HashSizeInBytes;
        var isPart = bytes.AsSpan().StartsWith(PartMagic);
        if (headLength < Magic.Length || !(isPart || bytes.AsSpan().StartsWith(Magic))
            || !SHA256.HashData(bytes.AsSpan(0, headLength)).AsSpan().SequenceEqual(bytes.AsSpan(headLength)))
        {
            return null;
        }

        // The digest is right, so these are the bytes that were written.
        using var reader = new BinaryReader(new MemoryStream(bytes, Magic.Length, headLength - Magic.Length));
        var key = new CacheKey(reader.ReadString(), reader.ReadString());
        long? complete = null;
        if (isPart)
        {
            key = key with { Part = reader.ReadString() is { Length: > 0 } part ? part : null };
            complete = reader.ReadInt64() is >= 0 and var length ? length : null;
            if (reader.ReadInt64() != sliceBytes)
            {
                return null;
            }
        }

        return Read(reader, key, complete, id);
    }

    private static void Write(BinaryWriter writer, CacheEntry entry, byte[] bodyDigest)
    {
        var head = entry.Head;
        writer.Write(head.VaryKey);
        writer.Write(entry.Length);
        writer.Write(bodyDigest);
        writer.Write(head.Status);
        writer.Write(head.Response.RequestTime.UtcTicks);
        writer.Write(head.Response.ResponseTime.UtcTicks);
        writer.Write(head.Fields.Count);
        foreach (var (name, value) in head.Fields)
        {
            writer.Write(name);
            writer.Write(value);
        }
    }

    private CacheEntry Read(BinaryReader reader, CacheKey key, long? complete, string id)
    {
        var varyKey = reader.ReadString();
        var bodyLength = reader.ReadInt64();
        var digest = reader.ReadBytes(SHA256.HashSizeInBytes);
        var status = reader.ReadInt32();
        var (requested, responded) = (ReadTime(reader), ReadTime(reader));
        HttpField[] fields = [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => new HttpField(reader.ReadString(), reader.ReadString()))];
        var head = StoredHead.Of(new ResponseHead(status, fields, requested, responded), varyKey, rules);
        return new CacheEntry(key, head, null)
        {
            Length = bodyLength,
            Complete = complete,
            File = new DiskFile(id, digest),
            IsUnchecked = head.Tags.Count > 0,
        };
    }

    private static DateTimeOffset ReadTime(BinaryReader reader) => new(reader.ReadInt64(), TimeSpan.Zero);
}
