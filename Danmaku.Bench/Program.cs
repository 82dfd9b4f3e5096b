using System.CommandLine;
using Danmaku.Bench.Scenarios;
using Danmaku.Bench.Targets;

var root = new RootCommand("Puts load on Danmaku nodes, measures them, and checks that every viewer gets everything once and in order.")
{
    FanOutCommand.Create(),
    RoomsCommand.Create(),
    SoakCommand.Create(),
    OverloadCommand.Create(),
    ConnectCommands.CreateIdle(),
    ConnectCommands.CreateStorm(),
    FloodCommand.Create(),
    CompareCommand.Create(),
    TargetCommand.Create(),
    ChartCommand.Create(),
    MicroCommand.Create(),
};

root.EndHelpWith(Examples.Of);

if (args is ["chaos", ..])
{
    await Console.Error.WriteLineAsync("The fault injector is a tool of its own: dotnet run -c Release --project Danmaku.Chaos -- and the same options.");
    return ExitCode.NothingMeasured;
}

var line = root.Parse(args);

// Whoever is interrupted ends what it has started.
var code = await line.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
return line.Errors.Count > 0 ? ExitCode.NothingMeasured : code;
