using Danmaku.Node.Tests.Support;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Danmaku.Node.Tests;

/// <summary>How large files, lines and methods of the product may be (CONTRIBUTING.md); size.test.ts says the same of the client.</summary>
public sealed class SizeTests
{
    private const int MostLines = 400;
    private const int MostColumns = 160;
    private const int MostMethodLines = 40;

    [Fact]
    public void No_file_has_more_than_400_lines() => AssertNone(
        Sources().Where(source => source.Lines.Length > MostLines).Select(source => $"{source.Name}: {source.Lines.Length} lines"));

    [Fact]
    public void No_line_has_more_than_160_columns() => AssertNone(
        Sources().SelectMany(source => source.Lines.Index()
            .Where(line => line.Item.Length > MostColumns)
            .Select(line => $"{source.Name}({line.Index + 1}): {line.Item.Length} columns")));

    [Fact]
    public void No_method_has_more_than_40_lines() => AssertNone(
        Sources().SelectMany(source => Methods(source.Text)
            .Where(method => method.Lines > MostMethodLines)
            .Select(method => $"{source.Name}({method.First}): {method.Lines} lines")));

    [Theory]
    [InlineData("class C { void M()\n{\n\n// Comment.\n} }", 5)]
    [InlineData("class C { /// <summary>No part of it.</summary>\n[A]\npublic\nC() { } }", 2)]
    [InlineData("class C { int P\n{\nget\n{ return 1; }\n} }", 2)]
    [InlineData("class C { int P =>\n1\n; }", 3)]
    [InlineData("class C { int this[int i] =>\ni; }", 2)]
    [InlineData("class C { static C operator +(C a, C b)\n=> a; }", 2)]
    [InlineData("class C { System.Action F = () =>\n{\n}; }", 3)]
    [InlineData("class C { System.Action F = delegate\n{ }; }", 2)]
    [InlineData("class C { string M() => \"\"\"\n{\n\"\"\"; }", 3)]
    [InlineData("Run();\n\nvoid Run() { }", 3)]
    [InlineData("class C\n{\nint[] F =\n[\n1,\n];\n}", 0)]
    public void A_method_is_all_from_its_first_word_to_its_end(string text, int lines) =>
        Assert.Equal(lines, Methods(text).Select(method => method.Lines).DefaultIfEmpty().Max());

    private static void AssertNone(IEnumerable<string> found)
    {
        var text = string.Join(Environment.NewLine, found);
        Assert.True(text.Length == 0, text);
    }

    private static IEnumerable<(string Name, string Text, string[] Lines)> Sources()
    {
        var sources = Directory.EnumerateDirectories(Repository.Root, "Danmaku.*")
            .Where(project => !project.EndsWith(".Tests", StringComparison.Ordinal) && !project.EndsWith(".Testing", StringComparison.Ordinal))
            .SelectMany(project => Directory.EnumerateFiles(project, "*.cs", SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(Repository.Root, file))
            .Select(name => name.Replace(Path.DirectorySeparatorChar, '/'))
            .Where(name => !name.Split('/').Any(folder => folder is "obj" or "bin" or "node_modules"))
            .Order(StringComparer.Ordinal)
            .ToArray();
        Assert.True(sources.Length > 100, "The sources are not where they are looked for.");
        return sources.Select(name => (Name: name, Text: File.ReadAllText(Path.Combine(Repository.Root, name))))
            .Select(source => (source.Name, source.Text, source.Text.TrimEnd('\n').Split('\n')));
    }

    /// <summary>Whatever is called: methods, constructors, operators, accessors, local functions, lambdas, and the statements of a program.</summary>
    private static IEnumerable<(int First, int Lines)> Methods(string text)
    {
        var root = CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Preview)).GetRoot();
        foreach (var node in root.DescendantNodes())
        {
            var isMethod = node is BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or LocalFunctionStatementSyntax or AnonymousFunctionExpressionSyntax
                or PropertyDeclarationSyntax { ExpressionBody: not null } or IndexerDeclarationSyntax { ExpressionBody: not null };
            if (isMethod)
            {
                yield return Span(FirstWord(node), node.GetLastToken());
            }
        }

        if (root.ChildNodes().OfType<GlobalStatementSyntax>().ToArray() is [var first, ..] program)
        {
            yield return Span(first.GetFirstToken(), program[^1].GetLastToken());
        }
    }

    /// <summary>Attributes are no part of a method, nor is what is written above it.</summary>
    private static SyntaxToken FirstWord(SyntaxNode node) =>
        node.ChildNodes().TakeWhile(child => child is AttributeListSyntax).LastOrDefault() is { } attributes
            ? attributes.GetLastToken().GetNextToken()
            : node.GetFirstToken();

    private static (int First, int Lines) Span(SyntaxToken first, SyntaxToken last)
    {
        var (start, end) = (first.GetLocation().GetLineSpan().StartLinePosition.Line, last.GetLocation().GetLineSpan().EndLinePosition.Line);
        return (start + 1, end - start + 1);
    }
}
