using System.ComponentModel.DataAnnotations;
using System.Net;
using Danmaku.Core.Limits;
using Danmaku.Core.Rooms;

namespace Danmaku.Node.Options;

/// <summary>
/// What one connection and one address may do. Bound from <c>Danmaku:Connection</c>; a bad value stops the node at start.
/// </summary>
public sealed class ConnectionOptions : IValidatableObject
{
    public const string Section = NodeOptions.Section + ":Connection";

    /// <summary>
    /// Most bytes in a client's message and in the body of an HTTP request; more is refused with 1009 or 413. 256 to 1 MiB,
    /// default 8192; see <see cref="NodeSettings.MaxMessageBytes"/>.
    /// </summary>
    [Range(256, 1024 * 1024)]
    public int MaxMessageBytes { get; set; } = 8192;

    /// <summary>Most WebSockets from one address; more are refused with 429. 0 = no limit, default 1000.</summary>
    [Range(0, int.MaxValue)]
    public int ConnectionsPerAddress { get; set; } = 1000;

    /// <summary>
    /// How many bits of an IPv6 address say who somebody is: those who share them count as one address. 128 = each address by itself. 32 to 128,
    /// default 64, the least that a subscriber gets.
    /// </summary>
    [Range(ClientNetwork.MinPrefixLength, ClientNetwork.MaxPrefixLength)]
    public int Ipv6PrefixLength { get; set; } = 64;

    /// <summary>Most WebSockets on this node; more are refused with 503. Default 50,000.</summary>
    [Range(1, int.MaxValue)]
    public int MaxConnections { get; set; } = 50_000;

    /// <summary>
    /// WebSockets that may be opened per second on this node, after a pause as many at once; more are refused with 503 and a
    /// <c>Retry-After</c> that spreads them. 0 = no limit, default 1000.
    /// </summary>
    [Range(0.0, 1_000_000.0)]
    public double ConnectsPerSecond { get; set; } = 1000;

    /// <summary>
    /// Messages of any kind per second that one connection is read: texts, Pings, pieces and broken ones. More wait, and who pushes for long is closed
    /// with 1008. 0 = no limit, default 50.
    /// </summary>
    [Range(0.0, 1_000_000.0)]
    public double MessagesPerSecond { get; set; } = 50;

    /// <summary>Messages that one connection may send at once after a pause. Default 200.</summary>
    [Range(1.0, 1_000_000.0)]
    public double MessageBurst { get; set; } = 200;

    /// <summary>The same for all connections of one address together. 0 = no limit, default 1000.</summary>
    [Range(0.0, 1_000_000.0)]
    public double MessagesPerSecondPerAddress { get; set; } = 1000;

    /// <summary>Messages that the connections of one address may send at once after a pause. Default 4000.</summary>
    [Range(1.0, 1_000_000.0)]
    public double MessageBurstPerAddress { get; set; } = 4000;

    /// <summary>Posts per second of one connection; more are refused. 0 = no limit, default 5.</summary>
    [Range(0.0, 1_000_000.0)]
    public double PostsPerSecond { get; set; } = 5;

    /// <summary>Posts that one connection may send at once after a pause. Default 10.</summary>
    [Range(1.0, 1_000_000.0)]
    public double PostBurst { get; set; } = 10;

    /// <summary>Posts per second of all WebSockets of one address together; more are refused. 0 = no limit, default 100.</summary>
    [Range(0.0, 1_000_000.0)]
    public double PostsPerSecondPerAddress { get; set; } = 100;

    /// <summary>Posts that the WebSockets of one address may send at once after a pause. Default 200.</summary>
    [Range(1.0, 1_000_000.0)]
    public double PostBurstPerAddress { get; set; } = 200;

    /// <summary>
    /// The refusal within 60 s that closes a plain-text connection, which has no other word for it; those before are dropped in silence. 0 = never,
    /// default 1.
    /// </summary>
    [Range(0, 1000)]
    public int PlainRefusals { get; set; } = 1;

    /// <summary>The <c>error</c> within 60 s that closes a connection with 4002. 0 = never, default 10.</summary>
    [Range(0, 1000)]
    public int MaxErrors { get; set; } = 10;

    /// <summary>A Ping is sent at the latest this long after the last thing that was sent. 1 s to 8 s, default 7 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:00:08")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(7);

    /// <summary>A connection from which nothing came for so long is closed with 4008. 2 s to 1 h, default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:02", "01:00:00")]
    public TimeSpan Silence { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a connection that the server closes may take to read what was sent and to answer the Close frame; then it is cut off. 2 s to 20 s,
    /// default 5 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:02", "00:00:20")]
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How soon <c>join</c> is due; else 4000. 1 s to 1 min, default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan JoinTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Most frames that wait for one connection; what comes then is skipped or closes it. 1 to 65,536, default 256.</summary>
    [Range(1, 65_536)]
    public int OutboxFrames { get; set; } = 256;

    /// <summary>
    /// Most bytes that wait for one connection; what comes then is skipped or closes it. 512 KiB to 64 MiB, default 1 MiB.
    /// </summary>
    [Range(512 * 1024, 64 * 1024 * 1024)]
    public int OutboxBytes { get; set; } = 1024 * 1024;

    /// <summary>Whether batches, and answers of <c>/echo</c>, are compressed for clients that offer it (<c>permessage-deflate</c>, RFC 7692). Default true.</summary>
    public bool Compression { get; set; } = true;

    /// <summary>How long a viewer may be skipped ahead before it is closed with 1013. 1 s to 10 min, default 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan TooSlowAfter { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a post may take to its origin before it must not be accepted any more. 1 s to 1 min, default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan PostDeadline { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Most posts of one connection without an answer; more are refused. Default 64.</summary>
    [Range(1, 65_536)]
    public int MaxPendingPosts { get; set; } = 64;

    /// <summary>
    /// Most posts of all connections of this edge without an answer, and most over HTTP; more are refused, so that what origins cannot do in time is not
    /// asked of them. Default 16,384.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxPendingPostsPerEdge { get; set; } = 16_384;

    /// <summary>HTTP posts per second of one address; more are refused with 429. 0 = no limit, default 20.</summary>
    [Range(0.0, 1_000_000.0)]
    public double HttpPostsPerSecond { get; set; } = 20;

    /// <summary>HTTP posts that one address may send at once after a pause. Default 40.</summary>
    [Range(1.0, 1_000_000.0)]
    public double HttpPostBurst { get; set; } = 40;

    /// <summary>HTTP requests per second of one address, handshakes and posts among them; more are refused with 429. 0 = no limit, default 300.</summary>
    [Range(0.0, 1_000_000.0)]
    public double HttpRequestsPerSecond { get; set; } = 300;

    /// <summary>HTTP requests that one address may send at once after a pause. Default 6000.</summary>
    [Range(1.0, 1_000_000.0)]
    public double HttpRequestBurst { get; set; } = 6000;

    /// <summary>
    /// Most rooms that one address keeps open on this node, which nobody else uses; another is refused with 429. 0 = no limit, default 100.
    /// </summary>
    [Range(0, 1_000_000)]
    public int RoomsPerAddress { get; set; } = 100;

    /// <summary>Rooms that one address may open per second; more are refused with 429. 0 = no limit, default 5.</summary>
    [Range(0.0, 1_000_000.0)]
    public double RoomsPerSecond { get; set; } = 5;

    /// <summary>Rooms that one address may open at once after a pause. Default 50.</summary>
    [Range(1.0, 1_000_000.0)]
    public double RoomBurst { get; set; } = 50;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Silence < Heartbeat + TimeSpan.FromSeconds(1))
        {
            yield return new ValidationResult("must be at least 1 s longer than Heartbeat, or who only listens is closed", [nameof(Silence)]);
        }
    }

    /// <summary>Whom an address counts as.</summary>
    public ClientNetwork ClientOf(IPAddress address) => ClientNetwork.Of(address, Ipv6PrefixLength);

    public ViewerLimits ToLimits() => new()
    {
        TooSlowAfter = TooSlowAfter,
        PostsPerSecond = Unlimited.IfZero(PostsPerSecond, PostsPerSecond),
        PostBurst = Unlimited.IfZero(PostsPerSecond, PostBurst),
        PostDeadline = PostDeadline,
        MaxPendingPosts = MaxPendingPosts,
    };
}
