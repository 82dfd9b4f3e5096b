using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Danmaku.Testing;

namespace Danmaku.Node.Tests.Processes;

/// <summary>What <c>GET /api/cluster</c> says of one member.</summary>
internal sealed record ClusterMemberView(
    string Name, string[] Roles, string Status, long Rooms, long Viewers, bool TakesViewers, string? PublicUrl, string? Address);

internal sealed record ClusterView(string Node, ClusterMemberView[] Members);

/// <summary>One node: the real executable, as a process of its own.</summary>
internal sealed partial class NodeProcess : IAsyncDisposable
{
    private readonly OwnedProcess _process;
    private HttpClient? _operators;
    private int _errorsTaken;

    /// <param name="url">Where it listens for HTTP.</param>
    /// <param name="settings">Such as <c>Danmaku:Roles=edge</c>.</param>
    /// <param name="executable">Another release's; null for the one under test.</param>
    /// <param name="environment">What else it has in its environment.</param>
    /// <param name="under">A program that starts the node in its own place, such as <c>env</c> with a variable.</param>
    public NodeProcess(
        string name, Uri url, IEnumerable<string> settings, string? executable = null, IReadOnlyDictionary<string, string>? environment = null,
        params string[] under)
    {
        (Name, Url) = (name, url);
        Http = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromSeconds(10) };
        string[] own = ["urls=" + url, "Danmaku:NodeName=" + name, .. executable is null ? (string[])["Danmaku:Operator:Urls=http://127.0.0.1:0"] : []];
        string[] command =
        [
            .. under,
            executable ?? Path.Combine(AppContext.BaseDirectory, "Danmaku.Node"),
            .. own.Concat(settings).Select(setting => "--" + setting),
        ];
        _process = OwnedProcess.Start(command[0], command[1..], variables =>
        {
            Testing.Programs.CleanUp(variables);
            foreach (var (key, value) in environment ?? new Dictionary<string, string>())
            {
                variables[key] = value;
            }
        });
    }

    public string Name { get; }

    public Uri Url { get; }

    public HttpClient Http { get; }

    /// <summary>What its operators use. For a node that has started.</summary>
    public HttpClient Operators => _operators ??= new HttpClient
    {
        BaseAddress = new Uri(Log.Select(line => OperatorsUrl().Match(line)).First(match => match.Success).Groups[1].Value),
        Timeout = TimeSpan.FromSeconds(10),
    };

    public IEnumerable<string> Log => _process.Output.Concat(_process.Errors);

    /// <summary>Bytes of memory that the system has given it.</summary>
    public long ResidentBytes
    {
        get
        {
            using var process = System.Diagnostics.Process.GetProcessById(_process.Id);
            return process.WorkingSet64;
        }
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>The errors that it has logged since the last call, and what it wrote to standard error.</summary>
    public IReadOnlyList<string> TakeErrors()
    {
        var logged = _process.Output.Where(line => LoggedError().IsMatch(line));
        string[] errors = [.. logged.Concat(_process.Errors).Skip(_errorsTaken)];
        _errorsTaken += errors.Length;
        return errors;
    }

    public async Task<bool> IsReadyAsync()
    {
        try
        {
            using var response = await Http.GetAsync("/health/ready");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException) when (!HasExited)
        {
            return false;
        }
    }

    /// <summary>The value of a metric; null when it is not there.</summary>
    /// <param name="label">Such as <c>kind="input"</c>.</param>
    public async Task<double?> MetricAsync(string name, string label = "") => (await Operators.GetStringAsync("/metrics")).Split('\n')
        .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) && line.Contains(label, StringComparison.Ordinal))
        .Select(line => line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ')[0])
        .Select(value => (double?)double.Parse(value, System.Globalization.CultureInfo.InvariantCulture))
        .SingleOrDefault();

    public async Task<ClusterView> GetClusterAsync() => (await Http.GetFromJsonAsync<ClusterView>("/api/cluster"))!;

    /// <summary>Whether it knows exactly these members, all of them up.</summary>
    public async Task<bool> SeesAsync(IEnumerable<string> names)
    {
        var members = (await GetClusterAsync()).Members;
        return members.All(member => member.Status == "Up")
            && members.Select(member => member.Name).Order().SequenceEqual(names.Order());
    }

    /// <summary>Posts from a server.</summary>
    public Task<HttpResponseMessage> PostAsync(string room, object body) => Http.PostAsJsonAsync($"/api/rooms/{room}/danmaku", body);

    /// <summary>As <c>kill -9</c> does.</summary>
    public void Kill() => _process.Kill();

    /// <summary>As <c>kill -STOP</c> does: it stays, and does nothing.</summary>
    public void Suspend() => _process.Suspend();

    /// <summary>Lets it go on.</summary>
    public void Resume() => _process.Resume();

    /// <summary>Waits until it ends by itself.</summary>
    /// <param name="patience">By default half a minute.</param>
    /// <returns>The exit code.</returns>
    public Task<int> EndAsync(TimeSpan? patience = null) => _process.EndAsync(patience);

    /// <summary>As <c>kill</c> does, and an orchestrator.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> StopAsync() => _process.TerminateAsync();

    /// <summary>As Ctrl+C does.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> InterruptAsync() => _process.InterruptAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _operators?.Dispose();
        await _process.DisposeAsync();
    }

    [GeneratedRegex("Operators reach this node on (http:[^ ,]+)")]
    private static partial Regex OperatorsUrl();

    [GeneratedRegex(@"^\S+ \S+ (fail|crit): ")]
    private static partial Regex LoggedError();
}
