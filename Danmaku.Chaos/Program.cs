using System.CommandLine;
using Danmaku.Chaos;

var line = ChaosCommand.Create().Parse(args);

// Whoever is interrupted ends what it has started.
var code = await line.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
return line.Errors.Count > 0 ? ExitCode.NothingMeasured : code;
