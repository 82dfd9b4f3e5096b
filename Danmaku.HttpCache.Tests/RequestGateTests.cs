using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Danmaku.HttpCache.Tests;

/// <summary>Which requests the cache answers at all.</summary>
public sealed class RequestGateTests
{
    private readonly DefaultHttpContext _context = new() { Request = { Method = "GET", Scheme = "http" } };

    [Theory]
    [InlineData("/a%zz", 400, "target")]
    [InlineData("/a", null, null)]
    public void A_target_has_to_be_readable(string target, int? status, string? detail) => Check(target, status, detail);

    [Theory]
    [InlineData("HEAD", null, null)]
    [InlineData("DELETE", null, null)]
    [InlineData("BREW", 405, "method")]
    [InlineData("post", 405, "method")]
    public void A_method_has_to_be_named(string method, int? status, string? detail)
    {
        _context.Request.Method = method;

        Check("/a", status, detail);
    }

    [Theory]
    [InlineData("Content-Length")]
    [InlineData("X-Content-Length")]
    public void A_body_has_one_length(string second)
    {
        _context.Request.Headers.TransferEncoding = "chunked";
        Check("/a", null, null);

        _context.Request.Headers[second] = "3";

        Check("/a", 400, "two-lengths");
    }

    [Theory]
    [InlineData("1.1 edge-1", 508, "loop")]
    [InlineData("1.1 edge-2", null, null)]
    public void Whoever_has_passed_it_on_does_not_do_so_again(string via, int? status, string? detail)
    {
        _context.Request.Headers.Via = via;

        Check("/a", status, detail);
    }

    [Theory]
    [InlineData(true, 400, "host")]
    [InlineData(false, null, null)]
    public void A_host_that_goes_on_is_one(bool goesOn, int? status, string? detail)
    {
        _context.Request.Headers.Host = "a b";

        Check("/a", status, detail, goesOn);
    }

    [Theory]
    [InlineData(true, "http://video.test:8080")]
    [InlineData(false, "http")]
    public void Sites_are_apart_where_the_host_goes_on(bool goesOn, string site)
    {
        _context.Request.Headers.Host = "Video.Test:8080";

        var key = Check("/a", null, null, goesOn);

        Assert.Equal(("/a", site), key);
    }

    private (string Target, string Site) Check(string target, int? status, string? detail, bool goesOn = false)
    {
        _context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = target;
        var gate = new RequestGate(new HttpCacheOptions { Name = "edge-1", ForwardHost = goesOn });

        var passes = gate.TryPass(_context, out var key, out var refusal);

        Assert.Equal(status is null, passes);
        Assert.Equal((status, detail), (refusal?.Status, refusal?.Detail));
        return (key.Target, key.Site);
    }
}
