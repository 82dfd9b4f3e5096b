using Danmaku.Node;

return args switch
{
    _ when Help.IsAskedFor(args) => Help.Print(),
    ["--version", ..] => Help.PrintVersion(),
    ["health", .. var rest] => await HealthProbe.RunAsync(rest),

    // What stands without a dash is no option, unless it has a value; it would be passed over.
    [[not ('-' or '/'), ..] word, ..] when !word.Contains('=') => Help.Refuse(word),
    _ => await NodeHost.RunAsync(args),
};
