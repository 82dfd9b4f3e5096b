using Akka.Actor;
using Akka.Event;

namespace Danmaku.Actors.Cluster;

/// <summary>
/// Keeps the addresses of an origin's cluster in a file, one on each line. When all origins have ended and one comes back, it finds its edges by them, and
/// these keep their viewers. With seeds alone it would start a cluster that no edge knows.
/// </summary>
/// <param name="path">Null keeps nothing.</param>
public sealed class KnownNodes(string? path)
{
    /// <summary>More than one cluster has; a damaged file may have any length.</summary>
    private const int MaxNodes = 1000;

    private string _written = "";

    /// <summary>The addresses known when the node last ran; empty when nothing can be read.</summary>
    public IReadOnlyList<Address> Read()
    {
        try
        {
            return path is null || !File.Exists(path) ? [] : [.. File.ReadLines(path).Take(MaxNodes).Select(TryParse).OfType<Address>()];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Writes them for the next start. A failure is logged to <paramref name="log"/>, and the next change tries again.</summary>
    public void Write(IEnumerable<Address> addresses, ILoggingAdapter log)
    {
        var text = string.Concat(addresses.Select(address => address + "\n").Order(StringComparer.Ordinal));
        if (path is null || text == _written)
        {
            return;
        }

        _written = text;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var next = path + ".new";
            File.WriteAllText(next, text);
            File.Move(next, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            log.Warning(error, "The list of known nodes cannot be written; it is written again when it changes");
        }
    }

    private static Address? TryParse(string line) =>
        ActorPath.TryParseAddress(line, out var address) && address.Host is not null && address.Port is not null ? address : null;
}
