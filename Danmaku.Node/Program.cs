using Danmaku.Node;

return args switch
{
    _ when Help.IsAskedFor(args) => Help.Print(),
    ["--version", ..] => Help.PrintVersion(),
    ["health", .. var rest] => await HealthProbe.RunAsync(rest),

    // A word without a dash or a value is not an option, and would be ignored.
    [[not ('-' or '/'), ..] word, ..] when !word.Contains('=') => Help.Refuse(word),
    _ => await NodeHost.RunAsync(args),
};
