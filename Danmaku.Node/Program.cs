using Danmaku.Node;
using Danmaku.Node.Auth;

return args switch
{
    ["keygen", ..] when Help.IsAskedFor(args) => Help.Print(KeygenCommand.Usage),
    ["token", ..] when Help.IsAskedFor(args) => Help.Print(TokenCommand.Usage),
    _ when Help.IsAskedFor(args) => Help.Print(),
    ["--version", ..] => Help.PrintVersion(),
    ["health", .. var rest] => await HealthProbe.RunAsync(rest),
    ["keygen", .. var rest] => KeygenCommand.Run(rest),
    ["token", .. var rest] => TokenCommand.Run(rest),

    // What stands without a dash is no option, unless it has a value; it would be passed over.
    [[not ('-' or '/'), ..] word, ..] when !word.Contains('=') => Help.Refuse(word),
    _ => await NodeHost.RunAsync(args),
};
