using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>A stream without an identity server: keys and tokens from the command line.</summary>
[Trait("Category", "process")]
public sealed class AuthCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("danmaku-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_made_secret_signs_tokens_that_nodes_with_it_believe()
    {
        var (_, made, _) = await RunAsync([], "keygen");
        var variable = Assert.Single(made).Split('=', 2);

        var (code, printed, _) = await RunAsync(
            [(variable[0], variable[1]), ("NAME", "not-me")], "token", "--sub", "alice", "--name", "Alice", "--role=moderator", "--room", "lobby,hall", "--expires", "2h");

        Assert.Equal(0, code);
        Assert.Equal("Alice", await JoinAsync(Assert.Single(printed), $"--{variable[0].Replace("__", ":", StringComparison.Ordinal)}={variable[1]}"));
    }

    [Fact]
    public async Task A_made_pair_signs_tokens_that_nodes_with_its_public_half_believe()
    {
        var (_, made, _) = await RunAsync([], "keygen", "--pair", Path.Combine(_directory, "danmaku"));
        var variable = Assert.Single(made).Split('=', 2);
        var secret = Path.Combine(_directory, "danmaku.private.pem");
        var (again, _, errors) = await RunAsync([], "keygen", "--pair", Path.Combine(_directory, "danmaku"));

        var (code, printed, _) = await RunAsync([], "token", "--sub", "alice", "--name", "Alice", "--key", secret);

        Assert.Equal((0, 1, 1), (code, again, errors.Count));
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(secret) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.Equal("Alice", await JoinAsync(Assert.Single(printed), $"--{variable[0].Replace("__", ":", StringComparison.Ordinal)}={variable[1]}"));
    }

    [Theory]
    [InlineData(2, "danmaku: token: --sub is needed", "token", "--name", "Alice")]
    [InlineData(2, "danmaku: token: --role is one of viewer, trusted, moderator, host", "token", "--sub", "a", "--role", "admin")]
    [InlineData(2, "danmaku: token: --room is one to 100 names", "token", "--sub", "a", "--room", "The Hall")]
    [InlineData(2, "danmaku: token: --expires is a time such as 12h", "token", "--sub", "a", "--expires", "soon")]
    [InlineData(2, "danmaku: token: --expires is a time such as 12h", "token", "--sub", "a", "--expires", "4000d")]
    [InlineData(2, "danmaku: token: --rooms is unknown", "token", "--sub", "a", "--rooms", "lobby")]
    [InlineData(2, "danmaku: token: /nowhere cannot be read", "token", "--sub", "a", "--key", "/nowhere")]
    [InlineData(1, "danmaku: Danmaku:Auth:HmacSecret: there is none", "token", "--sub", "a")]
    [InlineData(2, "danmaku: keygen: it takes nothing, or --pair NAME", "keygen", "--par", "x")]
    public async Task What_is_wrong_with_a_command_is_one_line(int expected, string line, params string[] arguments)
    {
        var (code, output, errors) = await RunAsync([], arguments);

        Assert.Equal((expected, 0), (code, output.Count));
        Assert.StartsWith(line, Assert.Single(errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("keygen", "--pair NAME")]
    [InlineData("token", "--expires 12h")]
    public async Task Each_command_says_how_it_is_used(string command, string part)
    {
        var (code, output, errors) = await RunAsync([], command, "--help");

        Assert.Equal((0, 0), (code, errors.Count));
        Assert.Contains(part, string.Join('\n', output), StringComparison.Ordinal);
    }

    private static async Task<string?> JoinAsync(string token, string key)
    {
        await using var node = await TestNode.StartAsync(key);
        var (viewer, welcome) = await TestViewer.JoinAsync(node.Url, "lobby", new { type = "join", token });
        viewer.Dispose();
        return welcome.GetProperty("name").GetString();
    }

    private static async Task<(int Code, IReadOnlyCollection<string> Output, IReadOnlyCollection<string> Errors)> RunAsync(
        IEnumerable<(string Name, string Value)> environment, params string[] arguments)
    {
        await using var node = OwnedProcess.Start(Path.Combine(AppContext.BaseDirectory, "Danmaku.Node"), arguments, variables =>
        {
            Testing.Programs.CleanUp(variables);
            foreach (var (name, value) in environment)
            {
                variables[name] = value;
            }
        });
        return (await node.EndAsync(), node.Output, node.Errors);
    }
}
