using System.CommandLine;

namespace Danmaku.Bench.Scenarios;

/// <summary>The examples that stand at the end of each command's help.</summary>
public static class Examples
{
    private static readonly Dictionary<string, string[]> ByCommand = new()
    {
        ["fanout"] =
        [
            "fanout --edges 2 --viewers 1000 --rate 50",
            "fanout --url http://127.0.0.1:8081 --url http://127.0.0.1:8082 --pid edge=123 --json run.json",
            "fanout --edges 1 --server-core 0 --load-core 1 --rate 50 --find-max",
        ],
        ["rooms"] = ["rooms --edges 1 --rooms 200 --viewers 10 --rate 1000"],
        ["soak"] = ["soak --edges 1 --viewers 1000 --posters 20 --rate 500 --churn 5 --duration 20m"],
        ["overload"] = ["overload --edges 1 --viewers 1000 --capacity 2000"],
        ["idle"] = ["idle --edges 1 --connections 20000 --connect-rate 0"],
        ["storm"] = ["storm --edges 1 --connections 5000"],
        ["flood"] = ["flood --attack posts --attack pings", "flood --attack idle --count 4000 --url http://127.0.0.1:8080"],
        ["compare"] = ["compare --peers danmaku,kestrel,signalr --json compare.json", "compare --peers danmaku --rates 50 --duration 10s --runs 3"],
        ["target"] = ["target kestrel --port 9000", "fanout --url http://127.0.0.1:9000 --target relay"],
        ["chart"] = ["chart compare.json --out chart.svg", "chart json=a.json plain=b.json"],
        ["micro"] = ["micro --filter '*Frame*'"],
    };

    /// <summary>Those of a command; of the tool itself, one of each.</summary>
    public static IEnumerable<string> Of(Command command)
    {
        string[] examples = command is RootCommand ? [.. ByCommand.Values.Select(all => all[0])] : ByCommand.GetValueOrDefault(command.Name) ?? [];
        return examples.Length == 0 ? [] : ["Examples:", .. examples.Select(example => $"  Danmaku.Bench {example}")];
    }
}
