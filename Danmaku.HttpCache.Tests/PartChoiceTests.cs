using System.Net;
using Danmaku.HttpCache.Policy;
using Danmaku.HttpCache.Storage;

namespace Danmaku.HttpCache.Tests;

/// <summary>What is fetched where nothing is stored, in slices of ten bytes.</summary>
public sealed class PartChoiceTests
{
    private const int Slice = 10;

    [Theory]
    [InlineData(null, nameof(Way.Any), null)]
    [InlineData("bytes=25-26", nameof(Way.Any), "bytes=20-29")]
    [InlineData("bytes=25-", nameof(Way.Any), "bytes=20-29")]
    [InlineData("bytes=-5", nameof(Way.Any), "bytes=-5")]
    [InlineData("bytes=0-1,5-6", nameof(Way.Any), null)]
    [InlineData("bytes=25-26", nameof(Way.Parts), "bytes=25-26")]
    [InlineData("bytes=25-26", nameof(Way.Whole), null)]
    public void A_part_is_fetched_by_the_slice_that_it_begins_in(string? range, string way, string? fetched) =>
        Assert.Equal(fetched, Choose(Request(range), Enum.Parse<Way>(way)).Range);

    [Fact]
    public void Of_what_is_coming_no_part_is_fetched() => Assert.Null(Choose(Request("bytes=25-26"), Way.Any, isComing: true).Range);

    [Theory]
    [InlineData(nameof(Way.Any), "bytes=0-9")]
    [InlineData(nameof(Way.Whole), null)]
    public void For_a_head_it_is_the_first_slice(string way, string? fetched) =>
        Assert.Equal(fetched, Choose(Request(null), Enum.Parse<Way>(way), isHead: true).Range);

    [Theory]
    [InlineData(nameof(Way.Any), "bytes=20-29")]
    [InlineData(nameof(Way.Parts), null)]
    public void A_range_with_a_condition_is_not_fetched_as_it_is(string way, string? fetched) =>
        Assert.Equal(fetched, Choose(Request("bytes=25-26", new HttpField("If-Range", "\"1\"")), Enum.Parse<Way>(way)).Range);

    [Theory]
    [InlineData("bytes=14-20", false)]
    [InlineData("bytes=15-20", true)]
    [InlineData("bytes=-1", true)]
    [InlineData(null, false)]
    public void More_than_a_slice_behind_what_has_come_is_far(string? range, bool isFar)
    {
        var body = new CachedBody(100);
        body.Append(new byte[4]);

        Assert.Equal(isFar, PartChoice.IsFar(body, Request(range), Slice));
    }

    [Fact]
    public void In_a_body_of_unknown_length_nothing_is_far() => Assert.False(PartChoice.IsFar(new CachedBody(expected: null), Request("bytes=50-"), Slice));

    private static CacheRequest Choose(CacheRequest request, Way way, bool isHead = false, bool isComing = false) =>
        PartChoice.Of(request, isHead, way, isComing, Slice);

    private static CacheRequest Request(string? range, params HttpField[] more)
    {
        HttpField[] fields = range is null ? more : [new HttpField("Range", range), .. more];
        return new CacheRequest(new CacheKey("/video", "http"), new RequestHead("GET", fields), null, IPAddress.Loopback, "http");
    }
}
