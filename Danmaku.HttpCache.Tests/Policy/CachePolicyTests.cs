using System.Globalization;
using Danmaku.HttpCache.Policy;
using FsCheck;
using FsCheck.Xunit;

namespace Danmaku.HttpCache.Tests.Policy;

public class CachePolicyTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly CacheRules Rules = CacheRules.Default with { StaleIfError = TimeSpan.Zero };

    [Theory]
    [InlineData("", nameof(NotStored.NoLifetime))]
    [InlineData("Cache-Control: max-age=60", nameof(NotStored.None))]
    [InlineData("Cache-Control: nO-StOrE, max-age=60", nameof(NotStored.NoStore))]
    [InlineData("Cache-Control: private, max-age=60", nameof(NotStored.Private))]
    [InlineData("Cache-Control: private=\"a\", max-age=60", nameof(NotStored.None))]
    [InlineData("Cache-Control: no-cache|ETag: \"a\"", nameof(NotStored.None))]
    [InlineData("Cache-Control: max-age=60|Set-Cookie: a=b", nameof(NotStored.SetCookie))]
    [InlineData("Cache-Control: max-age=60|Vary: *", nameof(NotStored.VaryAny))]
    [InlineData("Cache-Control: max-age=60|Vary: a, *", nameof(NotStored.VaryAny))]
    [InlineData("Cache-Control: max-age=60|Vary: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", nameof(NotStored.VaryTooLarge))]
    [InlineData("Cache-Control: no-store|CDN-Cache-Control: max-age=60", nameof(NotStored.None))]
    [InlineData("Cache-Control: max-age=60|CDN-Cache-Control: no-store", nameof(NotStored.NoStore))]
    [InlineData("Cache-Control: max-age=60, no-store, must-understand", nameof(NotStored.None))]
    [InlineData("Expires: 0", nameof(NotStored.NoLifetime))]
    [InlineData("Expires: 0|Last-Modified: Sat, 21 Nov 2026 12:00:00 GMT", nameof(NotStored.None))]
    public void Only_responses_that_allow_it_are_stored(string fields, string expected) =>
        Assert.Equal(Enum.Parse<NotStored>(expected), CachePolicy.WhyNotStored(new RequestHead("GET", []), Response(200, fields), Rules));

    [Theory]
    [InlineData("max-age=60", nameof(NotStored.Authorization))]
    [InlineData("max-age=60, public", nameof(NotStored.None))]
    [InlineData("max-age=60, must-revalidate", nameof(NotStored.None))]
    [InlineData("s-maxage=60", nameof(NotStored.None))]
    public void A_response_to_a_request_with_authorization_is_stored_if_it_allows_that(string control, string expected)
    {
        var request = new RequestHead("GET", [new("Authorization", "Bearer a")]);

        Assert.Equal(Enum.Parse<NotStored>(expected), CachePolicy.WhyNotStored(request, Response(200, "Cache-Control: " + control), Rules));
    }

    [Theory]
    [InlineData("GET", "", 206, nameof(NotStored.Partial))]
    [InlineData("GET", "", 304, nameof(NotStored.Partial))]
    [InlineData("GET", "", 404, nameof(NotStored.None))]
    [InlineData("POST", "", 200, nameof(NotStored.Method))]
    [InlineData("GET", "no-store", 200, nameof(NotStored.RequestNoStore))]
    public void Methods_statuses_and_requests_decide_whether_to_store(string method, string control, int status, string expected)
    {
        var request = new RequestHead(method, [new("Cache-Control", control)]);

        Assert.Equal(Enum.Parse<NotStored>(expected), CachePolicy.WhyNotStored(request, Response(status, "Cache-Control: max-age=60"), Rules));
    }

    [Theory]
    [InlineData("Cache-Control: max-age=60", 60)]
    [InlineData("Cache-Control: max-age=60, s-maxage=10", 10)]
    [InlineData("Cache-Control: max-age=60|Cache-Control: max-age=30", 30)]
    [InlineData("Cache-Control: max-age=\"60\"", 60)]
    [InlineData("Cache-Control: max-age='60'", 0)]
    [InlineData("Cache-Control: max-age=-60", 0)]
    [InlineData("Cache-Control: max-age=6.0", 0)]
    [InlineData("Cache-Control: extension=\"max-age=3600\", max-age=1", 1)]
    [InlineData("Cache-Control: max-age=99999999999999999999", int.MaxValue)]
    [InlineData("Cache-Control: max-age=60|Expires: Sun, 22 Nov 2026 13:00:00 GMT", 60)]
    [InlineData("Expires: Sun, 22 Nov 2026 13:00:00 GMT", 3600)]
    [InlineData("Expires: Sun, 22 Nov 2026 11:00:00 GMT", 0)]
    [InlineData("Expires: 0", 0)]
    [InlineData("Last-Modified: Sun, 22 Nov 2026 11:50:00 GMT", 60)]
    [InlineData("Last-Modified: Sun, 22 Nov 2026 12:50:00 GMT", 0)]
    [InlineData("Cache-Control: max-age=60|CDN-Cache-Control: max-age=10", 10)]
    [InlineData("Cache-Control: max-age=60|CDN-Cache-Control: max-age=10, bad=", 60)]
    [InlineData("Cache-Control: max-age=60|CDN-Cache-Control: MAX-AGE=10", 60)]
    [InlineData("CDN-Cache-Control: max-age=5;a=1, max-age=10;b=\"c,d\"", 10)]
    [InlineData("Expires: Sun, 22 Nov 2026 13:00:00 GMT|CDN-Cache-Control: stale-if-error=10", 0)]
    [InlineData("Cache-Control: max-age=60|CDN-Cache-Control: ", 60)]
    public void The_lifetime_is_the_first_one_given(string fields, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Freshness.Of(Response(200, "Date: Sun, 22 Nov 2026 12:00:00 GMT|" + fields), Rules).Lifetime);

    [Theory]
    [InlineData(200, "", 8640)]
    [InlineData(404, "", 8640)]
    [InlineData(201, "", 0)]
    [InlineData(599, "", 0)]
    [InlineData(599, "public", 8640)]
    public void Only_some_statuses_are_fresh_by_heuristics(int status, string control, int seconds)
    {
        var response = Response(status, "Last-Modified: Sat, 21 Nov 2026 12:00:00 GMT|Cache-Control: " + control);

        Assert.Equal(TimeSpan.FromSeconds(seconds), Freshness.Of(response, Rules).Lifetime);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("Age: 30", 30)]
    [InlineData("Date: Sun, 22 Nov 2026 11:59:00 GMT", 60)]
    [InlineData("Date: Sun, 22 Nov 2026 11:59:00 GMT|Age: 90", 90)]
    [InlineData("Date: Sun, 22 Nov 2026 12:30:00 GMT", 0)]
    [InlineData("Age: abc", int.MaxValue)]
    [InlineData("Age: -1", int.MaxValue)]
    [InlineData("Age: 0|Age: 0", int.MaxValue)]
    [InlineData("Age: 0, 7200", int.MaxValue)]
    public void The_age_is_the_greater_of_the_stated_and_the_apparent_one(string fields, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Freshness.Of(Response(200, fields), Rules).AgeAt(Now));

    [Fact]
    public void The_time_that_the_request_took_belongs_to_the_age()
    {
        var response = Response(200, "Age: 30") with { RequestTime = Now - TimeSpan.FromSeconds(4) };

        Assert.Equal(TimeSpan.FromSeconds(39), Freshness.Of(response, Rules).AgeAt(Now + TimeSpan.FromSeconds(5)));
    }

    [Theory]
    [InlineData("max-age=60", "", 59, nameof(CacheUse.Fresh))]
    [InlineData("max-age=60", "", 60, nameof(CacheUse.Validate))]
    [InlineData("max-age=60, no-cache", "", 1, nameof(CacheUse.Validate))]
    [InlineData("max-age=60", "no-cache", 1, nameof(CacheUse.ValidateForRequest))]
    [InlineData("max-age=60", "max-age=0", 0, nameof(CacheUse.ValidateForRequest))]
    [InlineData("max-age=60", "max-age=10", 11, nameof(CacheUse.ValidateForRequest))]
    [InlineData("max-age=60", "min-fresh=30", 31, nameof(CacheUse.ValidateForRequest))]
    [InlineData("max-age=60", "max-stale", 9999, nameof(CacheUse.Stale))]
    [InlineData("max-age=60", "max-stale=10", 69, nameof(CacheUse.Stale))]
    [InlineData("max-age=60", "max-stale=10", 70, nameof(CacheUse.Validate))]
    [InlineData("max-age=60, must-revalidate", "max-stale", 60, nameof(CacheUse.Validate))]
    [InlineData("s-maxage=60", "max-stale", 60, nameof(CacheUse.Validate))]
    [InlineData("max-age=60, stale-while-revalidate=30", "", 89, nameof(CacheUse.StaleWhileRevalidate))]
    [InlineData("max-age=60, stale-while-revalidate=30", "", 90, nameof(CacheUse.Validate))]
    [InlineData("max-age=60, stale-while-revalidate=30, must-revalidate", "", 61, nameof(CacheUse.Validate))]
    public void A_stored_response_is_used_as_both_sides_allow(string response, string request, int age, string expected)
    {
        var freshness = Freshness.Of(Response(200, "Cache-Control: " + response), Rules);

        Assert.Equal(Enum.Parse<CacheUse>(expected), CachePolicy.Decide(freshness, CacheControl.Parse(request), Rules, Now + TimeSpan.FromSeconds(age)));
    }

    [Theory]
    [InlineData("max-age=60, stale-if-error=30", 89, true)]
    [InlineData("max-age=60, stale-if-error=30", 90, false)]
    [InlineData("max-age=60", 119, true)]
    [InlineData("max-age=60", 120, false)]
    [InlineData("max-age=60, stale-if-error=0", 61, false)]
    [InlineData("s-maxage=60", 61, false)]
    [InlineData("max-age=60, proxy-revalidate", 61, false)]
    [InlineData("max-age=60, must-revalidate, stale-if-error=99", 61, false)]
    [InlineData("max-age=60, no-cache, stale-if-error=99", 1, false)]
    public void A_stale_response_replaces_a_failing_origin_inside_its_window(string control, int age, bool expected)
    {
        var rules = CacheRules.Default with { StaleIfError = TimeSpan.FromSeconds(60) };
        var freshness = Freshness.Of(Response(200, "Cache-Control: " + control), rules);

        Assert.Equal(expected, freshness.MayReplaceError(Now + TimeSpan.FromSeconds(age)));
    }

    [Fact]
    public void A_validation_changes_all_fields_but_those_of_the_body()
    {
        HttpField[] stored = [new("ETag", "\"a\""), new("Content-Length", "5"), new("X", "1"), new("Y", "1"), new("Age", "9"), new("Date", "then"), new("Cache-Control", "max-age=1")];
        HttpField[] notModified = [new("ETag", "\"b\""), new("Content-Length", "9"), new("x", "2"), new("Cache-Control", "max-age=60"), new("Connection", "z"), new("Z", "1")];

        var fresh = CachePolicy.Freshen(stored, notModified);

        Assert.Equal(
            ["Cache-Control=max-age=60", "Content-Length=5", "ETag=\"a\"", "Y=1", "x=2"],
            fresh.Select(field => field.Name + "=" + field.Value).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Fields_that_the_response_names_are_not_stored()
    {
        var fields = Response(200, "Cache-Control: no-cache=\"a, b\", max-age=60|A: 1|B: 2|C: 3|Connection: d|D: 4|TE: x").Fields;

        Assert.Equal(["Cache-Control", "C"], CachePolicy.FieldsToStore(fields).Select(field => field.Name));
    }

    /// <summary>Whatever comes as Cache-Control, nothing that says no-store outside of quotes is stored.</summary>
    [Property]
    public bool No_store_wins_over_everything_around_it(NonNull<string> before, NonNull<string> after)
    {
        static string Clean(string text) => new([.. text.Where(c => c is not ('"' or '\\'))]);
        var control = Clean(before.Get) + ",no-store," + Clean(after.Get);

        return CacheControl.Parse(control).NoStore;
    }

    [Property]
    public bool A_response_is_never_fresher_than_its_max_age(PositiveInt lifetime, NonNegativeInt age)
    {
        var freshness = Freshness.Of(Response(200, string.Create(CultureInfo.InvariantCulture, $"Cache-Control: max-age={lifetime.Get}")), Rules);
        var use = CachePolicy.Decide(freshness, CacheControl.None, Rules, Now + TimeSpan.FromSeconds(age.Get));

        return use == (age.Get < lifetime.Get ? CacheUse.Fresh : CacheUse.Validate);
    }

    [Property]
    public bool Any_field_value_can_be_parsed(NonNull<string> text) =>
        CacheControl.Parse(text.Get) is not null
        && (TargetedCacheControl.Parse(text.Get)?.IsPresent ?? true)
        && (HttpDate.Parse(text.Get, Now)?.Offset ?? TimeSpan.Zero) == TimeSpan.Zero
        && (Vary.Of([new("Vary", text.Get)])?.KeyOf([new("a", text.Get)]).Length ?? 1) > 0;

    internal static ResponseHead Response(int status, string fields) => new(
        status,
        [
            .. fields.Split('|', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split(':', 2))
                .Select(pair => new HttpField(pair[0], pair[1].Trim())),
        ],
        Now,
        Now);
}
