using System.Security.Cryptography;

namespace Danmaku.HttpCache.Storage;

/// <summary>
/// The files of stored responses, two for each: its body, and a head with the body's length and digest. Both are written under another name and renamed, the
/// body first; so what has a head is whole, however the process ended.
/// </summary>
internal sealed class DiskFiles(string directory, HeadFormat format)
{
    private const int MaxHeadBytes = 256 * 1024;
    private const string HeadSuffix = ".head";
    private const string BodySuffix = ".body";
    private const string PartSuffix = ".part";

    /// <summary>
    /// Before the store opens: an earlier process may have left so much that it could not. The oldest files go until the share is free.
    /// </summary>
    public static void GiveBackLeftovers(HttpCacheOptions options)
    {
        var directory = new DirectoryInfo(Path.GetFullPath(options.Directory));
        var share = new FreeShare(directory.FullName, options.DiskFree);
        try
        {
            if (directory.Exists && share.Spare < 0)
            {
                foreach (var file in OldestFirst(directory).Where(IsOurs).TakeWhile(_ => share.Spare < 0))
                {
                    file.Delete();
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Whoever needs the disk next says so.
        }
    }

    /// <summary>What an earlier process has left, the oldest first. The directory is made where there is none.</summary>
    /// <returns>Names of files, and whether they have been finished.</returns>
    public IEnumerable<(string Id, bool IsFinished)> Open()
    {
        Directory.CreateDirectory(directory);
        foreach (var file in OldestFirst(new DirectoryInfo(directory)))
        {
            var (id, suffix) = (Path.GetFileNameWithoutExtension(file.Name), file.Extension);
            if (suffix == HeadSuffix)
            {
                yield return (id, true);
            }
            else if (suffix == PartSuffix || (suffix == BodySuffix && !File.Exists(PathOf(id, HeadSuffix))))
            {
                yield return (id, false);
            }
        }
    }

    /// <returns>Its digest; null when others fill the disk meanwhile.</returns>
    public byte[]? TryWriteBody(string id, CachedBody body, FreeShare share)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using (var file = File.Create(PathOf(id, PartSuffix)))
        {
            foreach (var piece in body.Pieces)
            {
                if (share.IsHalfGone)
                {
                    return null;
                }

                hash.AppendData(piece.Span);
                file.Write(piece.Span);
            }
        }

        File.Move(PathOf(id, PartSuffix), PathOf(id, BodySuffix));
        return hash.GetHashAndReset();
    }

    public void WriteHead(CacheEntry entry, DiskFile file)
    {
        var part = PathOf(file.Id, PartSuffix);
        File.WriteAllBytes(part, format.Encode(entry, file.Digest));
        File.Move(part, PathOf(file.Id, HeadSuffix), overwrite: true);
    }

    /// <summary>Reads a head.</summary>
    /// <returns>Null where it is not what was written, or has no body of its length beside it.</returns>
    public CacheEntry? ReadHead(string id)
    {
        var head = new FileInfo(PathOf(id, HeadSuffix));
        return head.Length <= MaxHeadBytes
            && format.Decode(id, File.ReadAllBytes(head.FullName)) is { } entry
            && new FileInfo(PathOf(id, BodySuffix)) is { Exists: true } body && body.Length == entry.Length
            ? entry
            : null;
    }

    /// <returns>Null when the file is not what was written.</returns>
    public async Task<CachedBody?> ReadBodyAsync(DiskFile file, long length, CancellationToken cancellation)
    {
        var bytes = await File.ReadAllBytesAsync(PathOf(file.Id, BodySuffix), cancellation);
        return bytes.LongLength == length && SHA256.HashData(bytes).AsSpan().SequenceEqual(file.Digest) ? new CachedBody(bytes) : null;
    }

    /// <summary>The head first: without it the body is nothing.</summary>
    public void Delete(string id)
    {
        File.Delete(PathOf(id, HeadSuffix));
        File.Delete(PathOf(id, BodySuffix));
        File.Delete(PathOf(id, PartSuffix));
    }

    private static IEnumerable<FileInfo> OldestFirst(DirectoryInfo directory) => directory.EnumerateFiles().OrderBy(file => file.LastWriteTimeUtc);

    private static bool IsOurs(FileInfo file) => file.Extension is HeadSuffix or BodySuffix or PartSuffix;

    private string PathOf(string id, string suffix) => Path.Combine(directory, id + suffix);
}
