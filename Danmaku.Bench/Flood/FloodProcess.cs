using System.Text.Json;

namespace Danmaku.Bench.Flood;

/// <summary>A part of this tool in a process of its own, so that it does not hold up the thread that measures. Ends with this one.</summary>
public sealed class FloodProcess : IAsyncDisposable
{
    /// <summary>What it says when it has begun; what it has found is in the last line.</summary>
    public const string Ready = "ready";

    /// <summary>What attackers say who have done all that they came for.</summary>
    public const string Through = "through";

    private readonly OwnedProcess _process;
    private readonly string _log;

    private FloodProcess(OwnedProcess process, string log) => (_process, _log) = (process, log);

    public bool IsReady => HasSaid(Ready);

    public bool IsThrough => HasSaid(Through);

    public bool HasEnded => _process.Ended.IsCompleted;

    /// <summary>What it said.</summary>
    public string Words => File.Exists(_log) ? File.ReadAllText(_log).Trim() : "";

    /// <param name="arguments">Of this tool's command line.</param>
    /// <param name="log">A file that is not there yet.</param>
    public static FloodProcess Start(IEnumerable<string> arguments, string log) =>
        new(OwnedProcess.Start([Programs.FindOurs("Danmaku.Bench"), .. arguments], log), log);

    public void Stop() => _process.Send(Signal.Terminate);

    /// <summary>What attackers have done, when they have ended.</summary>
    /// <exception cref="InvalidDataException">They did not come to their end.</exception>
    public AttackCounts Counts()
    {
        try
        {
            return JsonSerializer.Deserialize<AttackCounts>(Words.Split('\n')[^1])!;
        }
        catch (JsonException)
        {
            throw new InvalidDataException($"The attackers broke off: {Words}");
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private bool HasSaid(string line) => File.Exists(_log) && File.ReadLines(_log).Contains(line);
}
