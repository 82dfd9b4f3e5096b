using System.Security.Cryptography;

namespace Danmaku.HttpCache.Storage;

/// <summary>
/// The files of stored responses, two for each: its body, and a head with the body's length and digest. Both are written under another name and renamed, the
/// body first; so a response with a head is whole even if the process crashed.
/// </summary>
internal sealed class DiskFiles(string directory, HeadFormat format)
{
    private const int MaxHeadBytes = 256 * 1024;
    private const string HeadSuffix = ".head";
    private const string BodySuffix = ".body";
    private const string PartSuffix = ".part";

    /// <summary>
    /// Deletes the oldest files until the free share is restored. Called before the room store opens, which may need the space.
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
            // The next user of the disk reports the error.
        }
    }

    /// <summary>Lists the files of earlier processes, oldest first. Creates the directory if it is missing.</summary>
    /// <returns>Names of files, and whether their head was written.</returns>
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

    /// <returns>The body's digest; null if the disk fills up meanwhile.</returns>
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
    /// <returns>Null if it is damaged, or there is no body of its length.</returns>
    public CacheEntry? ReadHead(string id)
    {
        var head = new FileInfo(PathOf(id, HeadSuffix));
        return head.Length <= MaxHeadBytes
            && format.Decode(id, File.ReadAllBytes(head.FullName)) is { } entry
            && new FileInfo(PathOf(id, BodySuffix)) is { Exists: true } body && body.Length == entry.Length
            ? entry
            : null;
    }

    /// <returns>Null if the file is damaged.</returns>
    public async Task<CachedBody?> ReadBodyAsync(DiskFile file, long length, CancellationToken cancellation)
    {
        var bytes = await File.ReadAllBytesAsync(PathOf(file.Id, BodySuffix), cancellation);
        return bytes.LongLength == length && SHA256.HashData(bytes).AsSpan().SequenceEqual(file.Digest) ? new CachedBody(bytes) : null;
    }

    /// <summary>Deletes the head first: a body without a head is never read.</summary>
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
