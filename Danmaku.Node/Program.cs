using Danmaku.Node;

return args is ["health", .. var rest] ? await HealthProbe.RunAsync(rest) : await NodeHost.RunAsync(args);
