using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Danmaku.Node.Tests.Support;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>docs/lab.md as a student works through it: each command prints what the document shows.</summary>
[Collection(Lanes.Processes)]
[Trait("Category", "process")]
public sealed partial class LabTests(LabTests.Lab lab) : IClassFixture<LabTests.Lab>
{
    public static TheoryData<string> Exercises => [.. LabDocument.Read().Exercises.Select(exercise => exercise.Title)];

    [SkippableTheory]
    [MemberData(nameof(Exercises))]
    public async Task Commands_print_what_is_shown(string title)
    {
        var steps = lab.Document.Exercises.Single(exercise => exercise.Title == title).Steps;
        await SkipWithoutProgramsAsync([.. steps.OfType<LabStep.Run>().SelectMany(run => Word().Matches(run.Command.Text).Select(word => word.Value))]);
        await lab.BeginAsync();
        await using var shell = await Shell.StartAsync(lab.Variables);

        Assert.NotEmpty(steps);
        foreach (var step in steps)
        {
            await (step switch
            {
                LabStep.Run run => shell.RunAsync(run.Command),
                LabStep.StartNode start => lab.StartAsync(start),
                _ => throw new ArgumentException(step.ToString()),
            });
        }

        lab.HasNoErrors();
    }

    private static async Task SkipWithoutProgramsAsync(string[] words)
    {
        Skip.IfNot(File.Exists("/bin/bash"), NotInstalled.Program("bash"));
        Skip.If(await Programs.PythonAsync() is null, NotInstalled.Python);
        Skip.IfNot(File.Exists(Path.Combine(AppContext.BaseDirectory, "wwwroot", "index.html")), "The page is not built: the build says why.");
        foreach (var program in (string[])["curl", "openssl", "dig", "nslookup", "tshark", "nginx", "wsdump"])
        {
            Skip.If(words.Contains(program) && Programs.Find(program) is null, NotInstalled.Program(program));
        }

        Skip.If(words.Contains("tshark") && !await Programs.CanCaptureAsync(), "tshark may not capture on loopback: it needs CAP_NET_RAW.");
    }

    [GeneratedRegex("[a-z0-9]+")]
    private static partial Regex Word();

    /// <summary>What all exercises use: a node, and free ports.</summary>
    public sealed class Lab : IAsyncLifetime
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("danmaku-lab-").FullName;
        private readonly Uri _url = new UriBuilder("http", "127.0.0.1", FreePort()).Uri;

        /// <summary>Those that have run, and one that runs.</summary>
        private readonly List<NodeProcess> _nodes = [];

        public Lab()
        {
            Document = LabDocument.Read();
            Variables = new Dictionary<string, string>
            {
                ["LAB"] = _url.Authority,
                ["PROXY"] = $"127.0.0.1:{FreePort()}",
                ["SILENT"] = $"127.0.0.1:{FreePort()}",
                ["DNS"] = FreePort().ToString(CultureInfo.InvariantCulture),
                ["DIR"] = _folder,
            };
        }

        internal LabDocument Document { get; }

        internal IReadOnlyDictionary<string, string> Variables { get; }

        public async Task InitializeAsync()
        {
            Assert.Equal(Document.Variables, Variables.Keys);
            var bin = Directory.CreateDirectory(Path.Combine(_folder, "bin")).FullName;
            if (await Programs.PythonAsync() is { } python)
            {
                File.CreateSymbolicLink(Path.Combine(bin, "python3"), python);
            }
        }

        public async Task DisposeAsync()
        {
            await StopAsync();
            Directory.Delete(_folder, recursive: true);
        }

        internal Task BeginAsync() => _nodes is [] ? StartAsync(Document.Node) : Task.CompletedTask;

        internal async Task StartAsync(LabStep.StartNode start)
        {
            await StopAsync();
            var node = new NodeProcess("lab", _url, ["Danmaku:Cluster:Port=0", .. start.Settings.Select(Fill)]);
            _nodes.Add(node);
            await Eventually.TrueAsync(node.IsReadyAsync, TimeSpan.FromSeconds(60), "the node is ready");
        }

        internal void HasNoErrors() => Assert.Empty(_nodes.SelectMany(node => node.TakeErrors()));

        private string Fill(string setting) => setting.Replace("$DIR", _folder, StringComparison.Ordinal);

        private async Task StopAsync()
        {
            if (_nodes is [.., var node])
            {
                Assert.Equal(0, await node.InterruptAsync());
                await node.DisposeAsync();
            }
        }

        private static int FreePort() => Ports.Free(IPAddress.Loopback);
    }

    /// <summary>A terminal.</summary>
    private sealed class Shell : IAsyncDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

        private readonly OwnedProcess _bash = OwnedProcess.StartInteractive("/bin/bash", "--noprofile", "--norc");
        private int _commands;

        public static async Task<Shell> StartAsync(IReadOnlyDictionary<string, string> variables)
        {
            var shell = new Shell();

            // Where this test run is killed, the end of the input ends the shell, and this what it has started.
            await shell._bash.TypeAsync("trap 'kill $(jobs -p)' EXIT");
            await shell._bash.TypeAsync($"cd '{AppContext.BaseDirectory}'");
            foreach (var (name, value) in variables)
            {
                await shell._bash.TypeAsync($"export {name}={value}");
            }

            // The Python that has the packages goes first.
            await shell._bash.TypeAsync("export PATH=$DIR/bin:$PATH:/usr/sbin LC_ALL=C.UTF-8");
            return shell;
        }

        public async Task RunAsync(LabCommand command)
        {
            var (before, end) = (_bash.Output.Count, $"-- command {++_commands} has ended");
            IEnumerable<string> Printed() => _bash.Output.Skip(before).Where(line => line != end);
            await _bash.TypeAsync($"{{ {command.Text}\n}} </dev/null; printf '\\n{end}\\n'");
            try
            {
                await Eventually.TrueAsync(
                    () => _bash.Output.Skip(before).Contains(end) && (!command.IsInBackground || command.Matches(Printed())), Patience);
            }
            catch (TimeoutException)
            {
                // What it has printed says more.
            }

            string[] said = ["$ " + command.Text, "is shown with", .. command.Shown, "and printed", .. Printed(), .. _bash.Errors];
            Assert.True(command.Matches(Printed()), string.Join('\n', said));
        }

        /// <summary>Ends it, and what still runs in its background.</summary>
        public ValueTask DisposeAsync() => _bash.DisposeAsync();
    }
}
