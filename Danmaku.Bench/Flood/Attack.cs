using System.Net;
using System.Text;
using Danmaku.Bench.Client;
using Danmaku.Bench.Engine;

namespace Danmaku.Bench.Flood;

/// <summary>What one connection of an attack does.</summary>
/// <param name="Opening">Sent as soon as it is connected.</param>
/// <param name="Answered">Sent once when the server has answered that.</param>
/// <param name="Volley">Sent after that for as long as it lasts; null for nothing.</param>
/// <param name="Goal">Words of the server that end it, empty for its first answer; null for a connection that stays.</param>
public sealed record AttackScript(IPEndPoint Server, IPAddress Source, byte[] Opening, byte[] Answered, Volley? Volley = null, byte[]? Goal = null);

/// <summary>An attack as a list of connections.</summary>
/// <param name="urls">Where it goes, each in turn.</param>
/// <param name="crowded">The room in which others are.</param>
/// <param name="own">A room in which nobody else is, and what the names of further ones begin with.</param>
public sealed class Attack(AttackKind kind, AttackSize size, IReadOnlyList<Uri> urls, string crowded, string own)
{
    private const string Json = "danmaku.v1.json";
    private const string Key = "ZGFubWFrdSBiZW5jaG1hcg==";
    private const string Said = "First! First! First! First! First!";

    /// <summary>Of a request's header; a node takes 16 KiB.</summary>
    private const int HalfHeaderBytes = 15_000;

    /// <summary>Of a message; a node takes twice as much.</summary>
    private const int MessageBytes = 4096;

    private readonly IPEndPoint[] _servers = [.. urls.Select(Endpoint)];

    public AttackSize Size => size;

    /// <summary>The connection with this number, from 0; null when there are no more.</summary>
    public AttackScript? Script(int number)
    {
        if (number >= size.Total)
        {
            return null;
        }

        // Neighbours go to different servers, and not always from the same addresses.
        var (url, server) = (urls[number % urls.Count], _servers[number % urls.Count]);
        var source = FloodAddresses.OfAttacker(number % size.Addresses);
        return kind switch
        {
            AttackKind.Idle => new AttackScript(server, source, [], []),
            AttackKind.Half when number % 2 == 0 => new AttackScript(server, source, HalfHeader(url), []),
            AttackKind.Half => new AttackScript(server, source, Upgrade(url, own, null), HalfMessage()),
            AttackKind.Posts => new AttackScript(server, source, Upgrade(url, crowded, Json), Join, Volley.OfPosts(Said)),
            AttackKind.Pings => new AttackScript(server, source, Upgrade(url, own, null), [], Volley.Of(Opcode.Ping, [])),
            AttackKind.Empty => new AttackScript(server, source, Upgrade(url, own, null), [], Volley.Of(Opcode.Text, [])),
            AttackKind.Clock => new AttackScript(
                server, source, Upgrade(url, own, Json), Join, Volley.Of(Opcode.Text, """{"type":"clock","client":1790000000123.5}"""u8)),
            AttackKind.Http => new AttackScript(server, source, PostRequest(url, crowded, number), [], Goal: []),
            AttackKind.Rooms => new AttackScript(server, source, Upgrade(url, $"{own}-{number}", Json), Join, Goal: "\"welcome\""u8.ToArray()),
            _ => null,
        };
    }

    private static byte[] Join => Volley.Frame(Opcode.Text, """{"type":"join","history":0}"""u8);

    /// <exception cref="InvalidDataException">It is another machine's: an attack stays on this one.</exception>
    private static IPEndPoint Endpoint(Uri url)
    {
        var endpoint = new Target(url, subprotocol: null, isDeflateOffered: false).Endpoint;
        return IPAddress.IsLoopback(endpoint.Address) && endpoint.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
            ? endpoint
            : throw new InvalidDataException($"{url} is not on this machine (127.0.0.0/8), and flood attacks nothing else.");
    }

    private static byte[] Upgrade(Uri url, string room, string? subprotocol) =>
        Encoding.ASCII.GetBytes(Handshake.Request(new Uri(url, $"/ws/{room}"), subprotocol, Key, extensions: null));

    private static byte[] HalfHeader(Uri url) =>
        Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {url.Authority}\r\nX-Slow: {new string('a', HalfHeaderBytes)}");

    private static byte[] HalfMessage() => Volley.Frame(Opcode.Text, new byte[MessageBytes])[..^1];

    private static byte[] PostRequest(Uri url, string room, int number)
    {
        var body = $$"""{"text":"{{Said}} {{number}}"}""";
        return Encoding.ASCII.GetBytes(
            $"POST /api/rooms/{room}/danmaku HTTP/1.1\r\nHost: {url.Authority}\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {body.Length}\r\n\r\n{body}");
    }
}
