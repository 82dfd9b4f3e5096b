using System.Reflection;
using System.Text.RegularExpressions;
using Danmaku.Node.Tests.Support;

namespace Danmaku.Node.Tests;

/// <summary>Which part may know which other (docs/architecture.md).</summary>
public sealed partial class ArchitectureTests
{
    /// <summary>What each project may refer to beside .NET's base library; a name stands for all that begin with it and a dot.</summary>
    public static TheoryData<string, string[]> Projects => new()
    {
        { "Danmaku.WebSockets", [] },
        { "Danmaku.WebSockets.Kestrel", ["Danmaku.WebSockets", "Microsoft"] },
        { "Danmaku.HttpCache", ["Microsoft"] },
        { "Danmaku.Core", ["Danmaku.WebSockets"] },
        { "Danmaku.Storage", ["Danmaku.Core", "Microsoft.Data.Sqlite", "Npgsql", "SQLitePCLRaw", "Microsoft.Extensions"] },
        { "Danmaku.Testing", ["Danmaku.Core", "Danmaku.WebSockets", "Spectre.Console"] },
        { "Danmaku.Actors", ["Danmaku.Core", "Danmaku.WebSockets", "Akka", "DotNetty", "Google.Protobuf", "Microsoft.Extensions"] },
    };

    /// <summary>Folders that know no other of their project.</summary>
    public static TheoryData<string> Leaves =>
        ["Danmaku.Core/Clocks", "Danmaku.HttpCache/Policy", "Danmaku.Actors/Tls", "Danmaku.Node/Options", "Danmaku.Node/Observability"];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_to_nothing_but_what_it_may_know(string project, string[] allowed)
    {
        var referenced = Assembly.Load(project).GetReferencedAssemblies().Select(name => name.Name!)
            .Where(name => !name.StartsWith("System", StringComparison.Ordinal) && name is not ("netstandard" or "Microsoft.Win32.Primitives"));

        Assert.All(referenced, name => Assert.Contains(allowed, start => name == start || name.StartsWith(start + ".", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Leaves))]
    public void A_leaf_uses_no_other_folder(string folder)
    {
        var (project, own) = (folder.Split('/')[0], folder.Replace('/', '.'));
        var used = Directory.GetFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Using().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups[1].Value)
            .Where(name => name.StartsWith(project + ".", StringComparison.Ordinal) && !name.StartsWith(own, StringComparison.Ordinal));

        Assert.Empty(used);
    }

    [GeneratedRegex(@"^using (?:static )?([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();
}
