namespace Danmaku.Bench.Measure;

/// <summary>A server's process on this machine.</summary>
/// <param name="Name">How reports call it.</param>
public sealed record ServerProcess(string Name, int Pid);
