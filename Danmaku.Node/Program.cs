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

    // A word without a dash or a value is not an option, and would be ignored.
    [[not ('-' or '/'), ..] word, ..] when !word.Contains('=') => Help.Refuse(word),
    _ => await NodeHost.RunAsync(args),
};
