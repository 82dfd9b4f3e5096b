using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>Programs as a networking lab has them, which know nothing but <c>ws://host:port/</c>.</summary>
[Collection(ClusterFixture.Name)]
[Trait("Category", "process")]
public sealed class ForeignClientTests(ClusterFixture cluster) : ClusterTest(cluster)
{
    /// <summary>Says its name, and then everything it is told, until somebody says bye.</summary>
    private const string Lab =
        """
        import asyncio, sys
        import websockets

        async def main(url, *messages):
            async with websockets.connect(url) as ws:
                for message in messages:
                    await ws.send(message)
                async for message in ws:
                    print(message, flush=True)
                    if message == "bye":
                        break

        asyncio.run(main(*sys.argv[1:]))
        """;

    private const string Echo =
        """
        import asyncio, sys
        import websockets

        async def main(url):
            async with websockets.connect(url) as ws:
                await ws.send("hello")
                print(await ws.recv())

        asyncio.run(main(sys.argv[1]))
        """;

    [SkippableFact]
    public async Task Python_programs_on_two_edges_hear_each_other()
    {
        var python = await Programs.PythonAsync();
        Skip.If(python is null, NotInstalled.Python);
        await using var first = OwnedProcess.Start(python, ["-c", Lab, Socket(1), "first is here"]);
        await first.SaysAsync("first is here");

        await using var second = OwnedProcess.Start(python, ["-c", Lab, Socket(2), "弹幕 from the second", "bye"]);
        var codes = await Task.WhenAll(first.EndAsync(), second.EndAsync());

        Assert.Equal(["first is here", "弹幕 from the second", "bye"], first.Output);
        Assert.Equal(["弹幕 from the second", "bye"], second.Output);
        Assert.Equal([0, 0], codes);
    }

    [SkippableFact]
    public async Task Python_is_echoed()
    {
        var python = await Programs.PythonAsync();
        Skip.If(python is null, NotInstalled.Python);

        await using var program = OwnedProcess.Start(python, ["-c", Echo, Socket(1) + "echo"]);

        Assert.Equal(0, await program.EndAsync());
        Assert.Equal(["I got your message: hello"], program.Output);
    }

    [SkippableFact]
    public async Task The_interactive_client_of_python_websockets_says_and_hears()
    {
        var python = await Programs.PythonAsync();
        Skip.If(python is null, NotInstalled.Python);
        await using var viewer = await Follower.PlainAsync(Edge(2), "lobby");

        await using var program = OwnedProcess.StartInteractive(python, "-m", "websockets", Socket(1));
        await program.SaysAsync("Connected to");
        await program.TypeAsync("hello");
        await program.SaysAsync("< hello");
        await viewer.PostAndSeeAsync("hello yourself");
        await program.SaysAsync("< hello yourself");

        await viewer.SeesAsync("hello");
    }

    [SkippableFact]
    public async Task Wscat_says_and_hears()
    {
        var wscat = Programs.Wscat;
        Skip.If(wscat is null, NotInstalled.Wscat);
        await using var viewer = await Follower.PlainAsync(Edge(2), "lobby");

        await using var program = OwnedProcess.StartInteractive(
            wscat, "--no-color", "--connect", Socket(1), "--execute", "hello", "--wait", "30");
        await program.SaysAsync("hello");
        await viewer.SeesAsync("hello");
        await viewer.PostAndSeeAsync("hello yourself");
        await program.SaysAsync("hello yourself");
    }

    [SkippableTheory]
    [InlineData("13", "dGhlIHNhbXBsZSBub25jZQ==", "HTTP/1.1 101 Switching Protocols", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")]
    [InlineData("8", "dGhlIHNhbXBsZSBub25jZQ==", "HTTP/1.1 426 Upgrade Required", "Sec-WebSocket-Version: 13")]
    [InlineData("13", "dGhlIHNhbXBsZQ==", "HTTP/1.1 400 Bad Request", "Content-Type: application/problem+json")]
    public async Task Curl_shows_the_handshake(string version, string key, string status, string header)
    {
        var curl = Programs.Curl;
        Skip.If(curl is null, NotInstalled.Curl);
        string[] headers = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: " + version, "Sec-WebSocket-Key: " + key];
        var options = headers.SelectMany(line => (string[])["--header", line]);

        await using var program = OwnedProcess.Start(
            curl, ["--include", "--no-buffer", "--silent", "--max-time", "30", .. options, Edge(1).ToString()]);
        await program.SaysAsync(header);

        Assert.Equal(status, program.Output.First());
        Assert.Contains(header, program.Output);
    }

    /// <summary>Without a path: the default room.</summary>
    private string Socket(int edge) => new UriBuilder(Edge(edge)) { Scheme = "ws" }.Uri.ToString();
}
