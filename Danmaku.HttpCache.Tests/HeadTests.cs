using System.Text;
using Danmaku.Node.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Danmaku.HttpCache.Tests;

/// <summary>HEAD has the head of a GET's answer and nothing behind it (RFC 9110 §9.3.2), also where the next request is here already.</summary>
public sealed class HeadTests
{
    [Theory]
    [InlineData("/length", 200)]
    [InlineData("/chunked", 200)]
    [InlineData("/flushed", 200)]
    [InlineData("/private", 200)]
    [InlineData("/none", 404)]
    [InlineData("/failed", 503)]
    [InlineData("/moved", 302)]
    [InlineData("/a%zz", 400)]
    public async Task Pipelined_heads_have_no_bodies(string target, int status)
    {
        await using var origin = await FakeOrigin.StartAsync(async (context, _) =>
        {
            var response = context.Response;
            response.Headers.CacheControl = context.Request.Path == "/private" ? "private" : "max-age=60";
            response.StatusCode = context.Request.Path.Value switch { "/none" => 404, "/failed" => 503, "/moved" => 302, _ => 200 };
            if (context.Request.Path == "/length")
            {
                response.ContentLength = 4;
            }

            if (context.Request.Path == "/flushed")
            {
                await response.Body.FlushAsync();
            }

            await response.WriteAsync("body");
        });
        await using var edge = await TestEdge.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(edge.Url);
        var head = $"HEAD {target} HTTP/1.1\r\nHost: test\r\n\r\n";

        for (var round = 0; round < 2; round++)
        {
            await client.SendBytesAsync(Encoding.ASCII.GetBytes(head + head + head + head + "GET /length HTTP/1.1\r\nHost: test\r\n\r\n"));

            for (var i = 0; i < 4; i++)
            {
                Assert.Equal(status, await client.ReadHeadAsync());
                Assert.False(client.Headers.ContainsKey("transfer-encoding"));
                Assert.NotEqual("close", client.Headers.GetValueOrDefault("connection"));
            }

            Assert.Equal(200, await client.ReadHeadAsync());
            Assert.Equal("body", Encoding.ASCII.GetString(await client.ReadBodyAsync()));
        }
    }

    [Theory]
    [InlineData("private", "\"1\"")]
    [InlineData("no-store", null)]
    [InlineData("max-age=60", null)]
    [InlineData("max-age=60", "\"1\"")]
    public async Task HEAD_is_answered_if_the_server_knows_only_GET(string control, string? tag)
    {
        var body = new byte[95_000];
        await using var origin = await FakeOrigin.StartAsync((context, _) =>
        {
            context.Response.Headers.CacheControl = control;
            return context.Request.Method == "GET"
                ? Results.Bytes(body, enableRangeProcessing: true, entityTag: tag is null ? null : new EntityTagHeaderValue(tag)).ExecuteAsync(context)
                : Results.StatusCode(405).ExecuteAsync(context);
        });
        await using var edge = await TestEdge.StartAsync(origin, options => options with { MaxEntryBytes = 30_000, SliceBytes = 10_000 });

        for (var round = 0; round < 4; round++)
        {
            var head = await edge.SendAsync("HEAD", "/video", []);
            Assert.Equal((200, "95000", ""), (head.Status, head["Content-Length"], head["Content-Range"]));
        }

        Assert.All(origin.Requests, request => Assert.Equal(("GET", "bytes=0-9999"), (request.Method, request.Headers.Range.ToString())));
    }
}
