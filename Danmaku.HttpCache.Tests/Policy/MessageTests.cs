using Danmaku.HttpCache.Policy;
using FsCheck;
using FsCheck.Xunit;

namespace Danmaku.HttpCache.Tests.Policy;

/// <summary>The parts of messages that a cache reads and writes.</summary>
public class MessageTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("Thu, 18 Aug 2050 02:01:18 GMT", true)]
    [InlineData("Thursday, 18-Aug-50 02:01:18 GMT", true)]
    [InlineData("Thu Aug  8 02:01:18 2050", true)]
    [InlineData("THU, 18 Aug 2050 02:01:18 GMT", false)]
    [InlineData("Thu, 18 Aug 2050 02:01:18 UTC", false)]
    [InlineData("Thu, 18 Aug 50 02:01:18 GMT", false)]
    [InlineData("Thu 18 Aug 2050 02:01:18 GMT", false)]
    [InlineData("Thu, 18  Aug  2050 02:01:18 GMT", false)]
    [InlineData("Thu, 18 Aug 2050 2:01:18 GMT", false)]
    [InlineData("Wed, 18 Aug 2050 02:01:18 GMT", false)]
    [InlineData("0", false)]
    [InlineData("-1", false)]
    [InlineData(" ", false)]
    [InlineData("", false)]
    public void A_date_has_one_of_three_forms(string text, bool isDate) => Assert.Equal(isDate, HttpDate.Parse(text, Now) is { Year: 2050 });

    [Fact]
    public void A_year_of_two_digits_is_not_far_ahead() => Assert.Equal(1994, HttpDate.Parse("Sunday, 06-Nov-94 08:49:37 GMT", Now)?.Year);

    [Theory]
    [InlineData("bytes=0-1", nameof(RangeAnswer.Part), 0, 1)]
    [InlineData("bytes=5-", nameof(RangeAnswer.Part), 5, 9)]
    [InlineData("bytes=5-99", nameof(RangeAnswer.Part), 5, 9)]
    [InlineData("bytes=-3", nameof(RangeAnswer.Part), 7, 9)]
    [InlineData("bytes=-99", nameof(RangeAnswer.Part), 0, 9)]
    [InlineData("Bytes=9-9", nameof(RangeAnswer.Part), 9, 9)]
    [InlineData("bytes=10-", nameof(RangeAnswer.NotSatisfiable), null, null)]
    [InlineData("bytes=99999999999999999999-", nameof(RangeAnswer.NotSatisfiable), null, null)]
    [InlineData("bytes=-0", nameof(RangeAnswer.NotSatisfiable), null, null)]
    [InlineData("bytes=0-0,-1", nameof(RangeAnswer.Whole), null, null)]
    [InlineData("bytes=3-2", nameof(RangeAnswer.Whole), null, null)]
    [InlineData("bytes=+1-2", nameof(RangeAnswer.Whole), null, null)]
    [InlineData("bytes=a-b", nameof(RangeAnswer.Whole), null, null)]
    [InlineData("bytes=-", nameof(RangeAnswer.Whole), null, null)]
    [InlineData("lines=0-1", nameof(RangeAnswer.Whole), null, null)]
    [InlineData(null, nameof(RangeAnswer.Whole), null, null)]
    public void A_range_is_cut_from_ten_bytes(string? value, string expected, int? first, int? last)
    {
        var answer = ByteRange.Read(value, 10, out var range);

        Assert.Equal(Enum.Parse<RangeAnswer>(expected), answer);
        if (first is not null)
        {
            Assert.Equal((first.Value, last!.Value), (range.First, range.Last));
        }
    }

    /// <summary>A hostile Range is never served from outside of the body.</summary>
    [Property]
    public bool A_range_stays_inside_its_body(long first, long last, PositiveInt complete, bool isSuffix)
    {
        var value = isSuffix ? $"bytes=-{last}" : $"bytes={first}-{last}";

        return ByteRange.Read(value, complete.Get, out var range) != RangeAnswer.Part
            || (range.First >= 0 && range.Last < complete.Get && range.Length > 0);
    }

    [Theory]
    [InlineData("If-None-Match: \"a\"", true)]
    [InlineData("If-None-Match: W/\"a\"", true)]
    [InlineData("If-None-Match: \"b\", \"a\"", true)]
    [InlineData("If-None-Match: *", true)]
    [InlineData("If-None-Match: \"b\"", false)]
    [InlineData("If-None-Match: \"b\"|If-Modified-Since: Sun, 22 Nov 2026 12:00:00 GMT", false)]
    [InlineData("If-Modified-Since: Sun, 22 Nov 2026 12:00:00 GMT", true)]
    [InlineData("If-Modified-Since: Sunday, 22-Nov-26 12:00:00 GMT", true)]
    [InlineData("If-Modified-Since: Sun, 22 Nov 2026 09:00:00 GMT", false)]
    [InlineData("If-Modified-Since: yesterday", false)]
    [InlineData("", false)]
    public void A_client_that_has_the_response_gets_304(string request, bool expected)
    {
        var stored = CachePolicyTests.Response(200, "ETag: \"a\"|Last-Modified: Sun, 22 Nov 2026 10:00:00 GMT").Fields;

        Assert.Equal(expected, Preconditions.IsNotModified(CachePolicyTests.Response(200, request).Fields, stored, Now));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("\"a\"", true)]
    [InlineData("W/\"a\"", false)]
    [InlineData("\"b\"", false)]
    [InlineData("Sun, 22 Nov 2026 10:00:00 GMT", true)]
    [InlineData("Sun, 22 Nov 2026 10:00:01 GMT", false)]
    public void A_part_is_sent_only_of_what_the_client_has_already(string condition, bool expected)
    {
        var stored = CachePolicyTests.Response(200, "ETag: \"a\"|Last-Modified: Sun, 22 Nov 2026 10:00:00 GMT").Fields;
        HttpField[] request = condition.Length == 0 ? [] : [new("If-Range", condition)];

        Assert.Equal(expected, Preconditions.RangeApplies(request, stored));
    }

    [Theory]
    [InlineData("Accept-Language", "en, de", "de , EN", true)]
    [InlineData("Accept-Language", "en;q=0.5, de", "en, de;q=0.5", false)]
    [InlineData("Accept-Encoding", "gzip, deflate, br", "br", true)]
    [InlineData("Accept-Encoding", "gzip;q=0.1", "gzip", true)]
    [InlineData("Accept-Encoding", "gzip;q=0", "identity", true)]
    [InlineData("Accept-Encoding", "br;q=0, gzip", "br", false)]
    [InlineData("X", "1,2", "1 ,  2", true)]
    [InlineData("X", "a", "A", false)]
    [InlineData("X", "", null, false)]
    public void Equivalent_values_are_one_variant(string name, string? one, string? other, bool same)
    {
        var vary = Vary.Of([new("Vary", name)])!;
        HttpField[] Request(string? value) => value is null ? [] : [new(name, value)];

        Assert.Equal(same, vary.KeyOf(Request(one)) == vary.KeyOf(Request(other)));
    }

    /// <summary>Two fields cannot trade places in the key.</summary>
    [Fact]
    public void Values_of_different_fields_are_kept_apart()
    {
        var vary = Vary.Of([new("Vary", "a, b")])!;

        Assert.NotEqual(vary.KeyOf([new("a", "1")]), vary.KeyOf([new("b", "1")]));
        Assert.NotEqual(vary.KeyOf([new("a", "1"), new("b", "")]), vary.KeyOf([new("a", "1")]));
    }

    [Theory]
    [InlineData("/a", "/a")]
    [InlineData("/a/./b/../c", "/a/c")]
    [InlineData("/a/%2e%2E/b", "/b")]
    [InlineData("/../../etc", "/etc")]
    [InlineData("/a/..", "/")]
    [InlineData("/%61%7e", "/a~")]
    [InlineData("/a%2fb", "/a%2Fb")]
    [InlineData("/a//b", "/a//b")]
    [InlineData("/a?b=../c&a=%41", "/a?b=../c&a=A")]
    [InlineData("/a?x=1&y=2", "/a?x=1&y=2")]
    [InlineData("/a?", "/a?")]
    [InlineData("a", null)]
    [InlineData("*", null)]
    [InlineData("/a#b", null)]
    [InlineData("/a\\b", null)]
    [InlineData("/%", null)]
    [InlineData("/%zz", null)]
    [InlineData("/%00", null)]
    [InlineData("/%0d%0aX: y", null)]
    [InlineData("/é", null)]
    [InlineData("http://example.org/a/./b?c", "/a/b?c")]
    [InlineData("HTTPS://example.org:443", "/")]
    [InlineData("http://example.org?c", "/?c")]
    [InlineData("ftp://example.org/a", null)]
    public void A_target_has_one_form(string raw, string? expected) => Assert.Equal(expected, RequestTarget.Normalise(raw));

    [Property]
    public bool Normalising_twice_changes_nothing(NonNull<string> text)
    {
        var once = RequestTarget.Normalise("/" + text.Get);

        return once is null || RequestTarget.Normalise(once) == once;
    }

    /// <summary>Random text is seldom a path, so these are made of what matters.</summary>
    [Property]
    public bool Paths_of_dots_and_escapes_have_one_form(int[] parts)
    {
        string[] pieces = ["/", ".", "..", "%2e", "%2F", "a", "?", "%25", "%41"];
        var once = RequestTarget.Normalise("/" + string.Concat(parts.Select(part => pieces[Math.Abs(part % pieces.Length)])));

        return once is not null && RequestTarget.Normalise(once) == once && !once.Split('?')[0].Split('/').Any(segment => segment is "." or "..");
    }

    [Fact]
    public void A_loop_is_recognised_by_the_name()
    {
        var via = Via.Append(Via.Append(null, "edge-1"), "edge-2");

        Assert.Equal("1.1 edge-1, 1.1 edge-2", via);
        Assert.True(Via.Names(via, "EDGE-2"));
        Assert.False(Via.Names(via, "edge"));
        Assert.False(Via.Names(null, "edge-1"));
    }

    [Fact]
    public void Fields_that_could_change_the_answer_for_others_are_not_forwarded()
    {
        HttpField[] request =
        [
            new("Host", "evil.example"), new("X-Forwarded-Host", "evil.example"), new("X-Original-URL", "/admin"), new("X-HTTP-Method-Override", "DELETE"),
            new("Connection", "x-secret"), new("X-Secret", "1"), new("Range", "bytes=0-1"), new("Accept-Encoding", "gzip;q=0.3, zstd"), new("Foo", "1"),
        ];

        Assert.Equal(["Foo=1", "Accept-Encoding=gzip"], ForwardedRequest.Fields(request, whole: true).Select(field => field.Name + "=" + field.Value));
        Assert.Contains(ForwardedRequest.Fields(request, whole: false), field => field.Is("Range"));
    }

    [Fact]
    public void Cache_status_is_a_structured_field()
    {
        var status = new CacheStatus("edge-1") { Forwarded = "stale", ForwardedStatus = 304, TimeToLive = TimeSpan.FromSeconds(-0.5), IsStored = true, IsCollapsed = true };

        Assert.Equal("edge-1; fwd=stale; fwd-status=304; ttl=-1; stored; collapsed", status.ToString());
        Assert.Equal("edge-1; hit; ttl=9", new CacheStatus("edge-1") { IsHit = true, TimeToLive = TimeSpan.FromSeconds(9.9) }.ToString());
    }
}
