using System.CommandLine;
using Danmaku.Bench.Scenarios;
using Danmaku.Bench.Targets;

// The callbacks of chaos are short and never wait, so sockets may run them where they learn that there is something to read instead of
// handing it to the thread pool: a quarter less CPU. The runtime reads this when the first socket opens, and only from here. Servers
// that are there to be compared stay as they are.
if (args is not ["target", ..])
{
    Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
}

var root = new RootCommand("Puts load on Danmaku nodes and checks that every viewer gets everything, once and in order.")
{
    FanOutCommand.Create(),
    RoomsCommand.Create(),
    SoakCommand.Create(),
    OverloadCommand.Create(),
    ConnectCommands.CreateIdle(),
    ConnectCommands.CreateStorm(),
    FloodCommand.Create(),
    CompareCommand.Create(),
    ChaosCommand.Create(),
    TargetCommand.Create(),
    ChartCommand.Create(),
    MicroCommand.Create(),
};

var line = root.Parse(args);

// Whoever is interrupted ends what it has started.
var code = await line.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
return line.Errors.Count > 0 ? ExitCode.NothingMeasured : code;
