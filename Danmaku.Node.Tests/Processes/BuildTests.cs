using System.Text.Json;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>The build of the page, with programs in the place of Node.js and npm: it never stops the build of the node, and takes nothing away.</summary>
[Trait("Category", "process")]
public sealed class BuildTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("danmaku-").FullName;

    public BuildTests()
    {
        Directory.CreateDirectory(Web);
        Directory.CreateDirectory(Programs);
        foreach (var name in (string[])["package.json", "package-lock.json"])
        {
            File.Copy(Path.Combine(Repository.Root, "Danmaku.Web", name), Path.Combine(Web, name));
        }
    }

    private string Web => Path.Combine(_folder, "Danmaku.Web");

    private string Programs => Path.Combine(_folder, "bin");

    private string Page => Path.Combine(Web, "dist/index.html");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("echo v18.19.0", "exit 0", "Node.js 18.19.0 is too old, 20.19 or newer is needed")]
    [InlineData("echo v20.18.3", "exit 0", "Node.js 20.18.3 is too old, 20.19 or newer is needed")]
    [InlineData("exit 127", "exit 0", "Node.js 20.19 or newer is needed and not installed")]
    [InlineData("echo nonsense", "exit 0", "Node.js 20.19 or newer is needed and not installed")]
    [InlineData("echo v20.19.0", "exit 127", "npm, which comes with Node.js, is needed and not installed")]
    public async Task Without_a_Node_js_that_can_build_it_the_page_is_left_out(string node, string npm, string problem)
    {
        Install("node", node);
        Install("npm", npm);

        var line = await BuildAsync(0, ("CI", "true"));

        Assert.EndsWith($"warning DMK0001: The page is left out: {problem}. -p:BuildWeb=false ends this warning.", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ci", "npm ci")]
    [InlineData("run", "npm run build")]
    public async Task Where_npm_fails_the_page_stays_as_it_was(string command, string named)
    {
        Install("node", "echo v22.12.0");
        Install("npm", $"case $1 in {command}) exit 1 ;; ci) mkdir -p node_modules ;; esac");
        Directory.CreateDirectory(Path.GetDirectoryName(Page)!);
        await File.WriteAllTextAsync(Page, "before");
        File.SetLastWriteTimeUtc(Page, DateTime.UnixEpoch);

        var line = await BuildAsync(0, ("CI", ""));
        var inCi = await BuildAsync(1, ("CI", "true"));

        var text = $"DMK0002: The page stays as it was built before: '{named}' failed in Danmaku.Web; run it there to see why.";
        Assert.EndsWith("warning " + text, line, StringComparison.Ordinal);
        Assert.EndsWith("error " + text, inCi, StringComparison.Ordinal);
        Assert.Equal("before", await File.ReadAllTextAsync(Page));
    }

    [Fact]
    public async Task The_page_is_built_once_and_again_when_its_sources_change()
    {
        Install("node", "echo v22.12.0");
        Install("npm", $"echo \"$*\" >> {_folder}/log; case $1 in ci) mkdir -p node_modules ;; run) mkdir -p dist; echo page > dist/index.html ;; esac");

        Assert.Null(await BuildAsync(0));
        Assert.Null(await BuildAsync(0));
        File.SetLastWriteTimeUtc(Path.Combine(Web, "package.json"), DateTime.UtcNow.AddMinutes(1));
        Assert.Null(await BuildAsync(0));

        var said = await File.ReadAllLinesAsync(Path.Combine(_folder, "log"));
        Assert.Equal(["ci", "run", "run"], said.Where(line => line != "--version").Select(line => line.Split(' ')[0]));
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("CONTRIBUTING.md")]
    [InlineData("Danmaku.Node/Endpoints/Page.cs")]
    public async Task The_version_of_Node_js_is_that_of_the_page(string file)
    {
        using var package = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "Danmaku.Web/package.json")));
        var needed = package.RootElement.GetProperty("engines").GetProperty("node").GetString()!;

        var text = await File.ReadAllTextAsync(Path.Combine(Repository.Root, file));
        Assert.Contains($"Node.js {needed.Replace(">=", "", StringComparison.Ordinal)} or newer", text, StringComparison.Ordinal);
    }

    private void Install(string name, string script)
    {
        var path = Path.Combine(Programs, name);
        File.WriteAllText(path, "#!/bin/sh\n" + script + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Runs the targets that build the page.</summary>
    /// <returns>The one warning or error, if there is one.</returns>
    private async Task<string?> BuildAsync(int code, params (string Name, string Value)[] environment)
    {
        await using var build = OwnedProcess.Start(
            "dotnet",
            ["msbuild", Path.Combine(Repository.Root, "Danmaku.Node"), "-t:BuildWebPage", $"-p:WebDirectory={Web}/", "-nologo", "-tl:off", "-nodereuse:false", "-v:m"],
            variables =>
            {
                variables["PATH"] = $"{Programs}:{variables["PATH"]}";
                foreach (var (name, value) in environment)
                {
                    variables[name] = value;
                }
            });
        Assert.Equal(code, await build.EndAsync(TimeSpan.FromMinutes(2)));
        Assert.Empty(build.Errors);
        return build.Output.SingleOrDefault()?.Replace($" [{Path.Combine(Repository.Root, "Danmaku.Node/Danmaku.Node.csproj")}]", "", StringComparison.Ordinal);
    }
}
