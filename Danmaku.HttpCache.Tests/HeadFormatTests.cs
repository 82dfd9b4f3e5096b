using System.Security.Cryptography;
using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;

namespace Danmaku.HttpCache.Tests;

/// <summary>What of a stored response is in its head file, and that nothing else is read from one.</summary>
public sealed class HeadFormatTests
{
    private const int Slice = 1024;
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Digest = SHA256.HashData("body"u8);

    private readonly HeadFormat _format = new(Slice, CacheRules.Default);

    [Theory]
    [InlineData(null, null)]
    [InlineData(null, 5000L)]
    [InlineData("slice 3", 5000L)]
    [InlineData("bytes=-5", null)]
    public void A_head_is_read_as_it_was_written(string? part, long? complete)
    {
        var entry = Entry(part, complete);

        var read = _format.Decode("1", _format.Encode(entry, Digest))!;

        Assert.Equal(
            (entry.Key, complete, 4L, entry.Head.VaryKey, 200), (read.Key, read.Complete, read.Length, read.Head.VaryKey, read.Head.Status));
        Assert.Equal((Now, Now.AddSeconds(1)), (read.Head.Response.RequestTime, read.Head.Response.ResponseTime));
        Assert.Equal(entry.Head.Fields, read.Head.Fields);
        Assert.Equal("1", read.File!.Id);
        Assert.Equal(Digest, read.File.Digest);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("news", true)]
    public void What_may_have_been_purged_meanwhile_is_to_be_checked(string tag, bool isUnchecked)
    {
        var entry = Entry(null, null, new HttpField(StoredHead.TagField, tag));

        Assert.Equal(isUnchecked, _format.Decode("1", _format.Encode(entry, Digest))!.IsUnchecked);
    }

    [Fact]
    public void A_head_that_was_changed_or_cut_is_none()
    {
        var bytes = _format.Encode(Entry("slice 3", 5000), Digest);

        for (var i = 0; i < bytes.Length; i++)
        {
            Assert.Null(_format.Decode("1", bytes[..i]));
            bytes[i] ^= 1;
            Assert.Null(_format.Decode("1", bytes));
            bytes[i] ^= 1;
        }
    }

    [Fact]
    public void Slices_of_another_size_are_none()
    {
        var other = new HeadFormat(2 * Slice, CacheRules.Default);

        Assert.Null(other.Decode("1", _format.Encode(Entry("slice 3", 5000), Digest)));
        Assert.NotNull(other.Decode("1", _format.Encode(Entry(null, null), Digest)));
    }

    private static CacheEntry Entry(string? part, long? complete, params HttpField[] more)
    {
        HttpField[] fields = [new("Vary", "Accept"), new("Date", "Sun, 22 Nov 2026 12:00:00 GMT"), new("X", "é"), .. more];
        var head = StoredHead.Of(new ResponseHead(200, fields, Now, Now.AddSeconds(1)), "text/html", CacheRules.Default);
        return new CacheEntry(new CacheKey("/video", "http", part), head, null) { Length = 4, Complete = complete };
    }
}
