using System.Net;
using System.Net.Sockets;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>What who starts a node is told: in one line what keeps it from starting, and what it can be told.</summary>
[Trait("Category", "process")]
public sealed class StartTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("danmaku-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("help")]
    [InlineData("health", "--help")]
    [InlineData("--urls", "http://localhost:1", "--help")]
    public async Task Help_says_the_commands_and_the_most_used_options(params string[] arguments)
    {
        var (code, output, errors) = await RunAsync(arguments);

        Assert.Equal((0, 0), (code, errors.Count));
        var said = string.Join('\n', output);
        Assert.All(
            ["Danmaku.Node health [url]", "Danmaku__Roles=edge", "appsettings.json", "docs/operations.md", "--Danmaku:Cluster:Seeds"],
            expected => Assert.Contains(expected, said, StringComparison.Ordinal));
        Assert.Matches(@"(?m)^  --urls +http://localhost:8080 ", said);
        Assert.Matches("(?m)^  --Danmaku:Roles +origin,edge ", said);
        Assert.Matches("(?m)^  --Danmaku:Store:Kind +sqlite ", said);
    }

    [Fact]
    public async Task Version_is_one_line()
    {
        var (code, output, _) = await RunAsync("--version");

        Assert.Equal(0, code);
        Assert.Matches(@"^Danmaku \d+\.\d+\.\d+", Assert.Single(output));
    }

    [Theory]
    [InlineData("helth")]
    [InlineData("start")]
    [InlineData("start", "--Danmaku:Roles=edge")]
    public async Task An_unknown_command_is_one_line_and_exit_code_2(params string[] arguments)
    {
        var (code, output, errors) = await RunAsync(arguments);

        Assert.Equal((2, 0), (code, output.Count));
        Assert.StartsWith($"danmaku: {arguments[0]}: no such command", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--Danmaku:DefaultRoom=cinema")]
    [InlineData("--Danmaku:DefaultRoom", "cinema")]
    [InlineData("/Danmaku:DefaultRoom=cinema")]
    [InlineData("Danmaku:DefaultRoom=cinema")]
    public async Task Options_may_be_written_in_every_way_of_dotnet(params string[] option)
    {
        var (code, _, errors) = await RunAsync([.. option, "--Danmaku:DrainSeconds=301"]);
        var (_, _, bad) = await RunAsync([.. option.Select(part => part.Replace("cinema", "Cinema!", StringComparison.Ordinal))]);

        Assert.Equal(1, code);
        Assert.StartsWith("danmaku: Danmaku:DrainSeconds: ", Assert.Single(errors), StringComparison.Ordinal);
        Assert.StartsWith("danmaku: Danmaku:DefaultRoom: ", Assert.Single(bad), StringComparison.Ordinal);
    }

    [Fact]
    public Task An_unknown_key_of_the_command_line_stops_it() => RefusesAsync(
        "Danmaku:Conection:MaxMessageBytes: unknown; did you mean Danmaku:Connection:MaxMessageBytes?", "--Danmaku:Conection:MaxMessageBytes=100");

    [Fact]
    public async Task An_unknown_key_of_the_environment_stops_it()
    {
        await using var node = Start(["--urls=http://127.0.0.1:0"], environment => environment["Danmaku__Store__Knd"] = "memory");

        Assert.Equal(1, await node.EndAsync());
        Assert.Equal("danmaku: Danmaku:Store:Knd: unknown; did you mean Danmaku:Store:Kind?", Assert.Single(node.Errors));
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}", "http://127.0.0.1:{1}")]
    [InlineData("http://localhost:{0}", "http://localhost:{1}")]
    [InlineData("http://+:{0}", "http://+:{1}")]
    [InlineData("http://127.0.0.1:0;http://127.0.0.1:{0}", "http://127.0.0.1:{1}")]
    public async Task A_taken_port_names_the_option_and_another_port(string urls, string other)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        var url = Fill(urls, port).Split(';').Last();
        await RefusesAsync(
            $"{url} is in use: another program listens there. Choose another with --urls {Fill(other, port)}", "--urls", Fill(urls, port));
    }

    [Fact]
    public async Task A_taken_port_of_an_endpoint_names_its_key()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        await RefusesAsync(
            $"http://127.0.0.1:{port} is in use: another program listens there. Choose another with --Kestrel:Endpoints:Page:Url http://127.0.0.1:{port + 1}",
            $"--Kestrel:Endpoints:Page:Url=http://127.0.0.1:{port}");
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}", "http://127.0.0.1:{1}")]
    [InlineData("http://localhost:{0}", "http://localhost:{1}")]
    [InlineData("http://private:{0}", "http://127.0.0.1:{1}")]
    [InlineData("http://127.0.0.1:0,http://127.0.0.1:{0}", "http://127.0.0.1:{1}")]
    public async Task A_taken_port_of_operators_names_its_key(string urls, string other)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        await RefusesAsync(
            $"{Fill(other, port - 1)} is in use: another program listens there. Choose another with --Danmaku:Operator:Urls {Fill(other, port)}",
            "--urls=http://127.0.0.1:0", "--Danmaku:Operator:Urls", Fill(urls, port));
    }

    [Theory]
    [InlineData("127.0.0.1:7080")]
    [InlineData("http://127.0.0.1:99999")]
    [InlineData("http://node-1.example:7080")]
    [InlineData("http://127.0.0.1:1;http://127.0.0.1:2")]
    public Task An_invalid_address_for_operators_names_the_option(string url) => RefusesAsync(
        $"Danmaku:Operator:Urls: '{url}' must be a URL such as http://localhost:7080, with a port from 0 to 65535 and localhost, an address, private or + as its host",
        "--urls=http://127.0.0.1:0", "--Danmaku:Operator:Urls", url);

    [Theory]
    [InlineData("urls", "https://127.0.0.1:0", "")]
    [InlineData("urls", "https://127.0.0.1:0", "/nowhere/certificate.pfx")]
    [InlineData("urls", "https://127.0.0.1:0", "/etc/hostname")]
    [InlineData("Danmaku:Operator:Urls", "https://127.0.0.1:0", "")]
    [InlineData("Danmaku:Operator:Urls", "https://127.0.0.1:0", "/nowhere/certificate.pfx")]
    public async Task A_certificate_that_is_missing_names_the_options(string key, string url, string certificate)
    {
        await using var node = Start(
            ["--urls=http://127.0.0.1:0", $"--{key}={url}", .. certificate.Length > 0 ? (string[])["--Kestrel:Certificates:Default:Path=" + certificate] : []],
            environment => environment["HOME"] = _data);

        Assert.Equal(1, await node.EndAsync());
        Assert.StartsWith(
            $"danmaku: {key}: {url} needs a certificate: set Kestrel:Certificates:Default:Path, and KeyPath or Password beside it (",
            Assert.Single(node.Errors), StringComparison.Ordinal);
        Assert.All(node.Output, IsWarning);
    }

    [Fact]
    public Task A_port_that_the_server_cannot_choose_names_the_option() => RefusesAsync(
        "urls: http://localhost:0: Dynamic port binding is not supported when binding to localhost. You must either bind to 127.0.0.1:0 or [::1]:0, or both.",
        "--urls=http://localhost:0");

    [Fact]
    public Task An_address_of_another_machine_names_the_option() => RefusesAsync(
        "http://192.0.2.1:8080 cannot be used: this machine has no such address. Choose another with --urls http://localhost:8080",
        "--urls=http://192.0.2.1:8080");

    [SkippableFact]
    public async Task A_port_that_needs_privileges_names_the_option_and_another_port()
    {
        const string Limit = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
        Skip.IfNot(File.Exists(Limit) && int.Parse(await File.ReadAllTextAsync(Limit)) > 80, "Everybody may listen on port 80 here.");
        Skip.IfNot(!Environment.IsPrivilegedProcess || File.Exists("/usr/bin/setpriv"), "Root may, and there is no setpriv.");
        string[] without = Environment.IsPrivilegedProcess ? ["/usr/bin/setpriv", "--bounding-set=-net_bind_service"] : [];
        await using var node = OwnedProcess.Start(
            "env", [.. without, Executable, "--urls=http://localhost:80", "--Danmaku:Operator:Urls=", "--Danmaku:DataDirectory=" + _data], Testing.Programs.CleanUp);

        Assert.Equal(1, await node.EndAsync());
        Assert.Equal(
            "danmaku: http://localhost:80 is not allowed: this user may not listen on that port. Choose another with --urls http://localhost:8080",
            Assert.Single(node.Errors));
        Assert.All(node.Output, IsWarning);
    }

    [Theory]
    [InlineData("127.0.0.1:8080")]
    [InlineData("http://127.0.0.1:99999")]
    [InlineData("http://127.0.0.1:x")]
    public Task An_invalid_url_names_the_option(string url) =>
        RefusesAsync($"urls: '{url}' must be a URL such as http://localhost:8080, with a port from 0 to 65535", "--urls", url);

    [Theory]
    [InlineData("origin,edge")]
    [InlineData("edge")]
    public async Task A_taken_port_of_remoting_names_its_key(string roles)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        await RefusesAsync(
            $"Danmaku:Cluster:Port: 127.0.0.1:{port} is in use: another program listens there",
            $"--Danmaku:Cluster:Port={port}", "--Danmaku:Roles=" + roles, "--urls=http://127.0.0.1:0");
    }

    [Theory]
    [InlineData("")]
    [InlineData("/below")]
    public async Task A_file_in_the_place_of_the_data_directory_names_its_key(string below)
    {
        var file = Path.Combine(_data, "file");
        await File.WriteAllTextAsync(file, "");
        await using var node = Start(["--urls=http://127.0.0.1:0", $"--Danmaku:DataDirectory={file}{below}"]);

        Assert.Equal(1, await node.EndAsync());
        Assert.StartsWith(
            $"danmaku: Danmaku:DataDirectory: The data directory {file}{below} cannot be used: ", Assert.Single(node.Errors), StringComparison.Ordinal);
        Assert.All(node.Output, IsWarning);
    }

    [Fact]
    public async Task A_data_directory_of_another_node_names_its_key()
    {
        await using var first = Start(["--urls=http://127.0.0.1:0"]);
        await first.SaysAsync("listens on");

        await RefusesAsync(
            $"Danmaku:DataDirectory: The data directory {_data} is in use by another node: stop that one, or give this one a directory of its own.",
            "--urls=http://127.0.0.1:0");
    }

    private static string Executable => Path.Combine(AppContext.BaseDirectory, "Danmaku.Node");

    private static string Fill(string urls, int port) => string.Format(System.Globalization.CultureInfo.InvariantCulture, urls, port, port + 1);

    private OwnedProcess Start(IEnumerable<string> arguments, Action<IDictionary<string, string?>>? environment = null) =>
        OwnedProcess.Start(Executable, ["--Danmaku:DataDirectory=" + _data, "--Danmaku:Operator:Urls=http://127.0.0.1:0", .. arguments], variables =>
        {
            Testing.Programs.CleanUp(variables);
            environment?.Invoke(variables);
        });

    private static async Task<(int Code, IReadOnlyCollection<string> Output, IReadOnlyCollection<string> Errors)> RunAsync(params string[] arguments)
    {
        await using var node = OwnedProcess.Start(Executable, arguments, Testing.Programs.CleanUp);
        return (await node.EndAsync(), node.Output, node.Errors);
    }

    /// <summary>No error and no stack trace. On a machine with much to do, the cluster may have warned of that before the port was taken.</summary>
    private static void IsWarning(string line) => Assert.Matches(@"^\S+ \S+ warn: ", line);

    /// <summary>One line and exit code 1.</summary>
    private async Task RefusesAsync(string line, params string[] arguments)
    {
        await using var node = Start(arguments);

        Assert.Equal(1, await node.EndAsync());
        Assert.Equal("danmaku: " + line, Assert.Single(node.Errors));
        Assert.All(node.Output, IsWarning);
    }
}
