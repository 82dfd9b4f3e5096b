using System.ComponentModel.DataAnnotations;
using System.Net;
using Danmaku.Core.Limits;
using Danmaku.Core.Rooms;

namespace Danmaku.Node.Options;

/// <summary>Limits of one connection and of one address. Bound from <c>Danmaku:Connection</c>; a bad value stops the node at start.</summary>
public sealed class ConnectionOptions : IValidatableObject
{
    public const string Section = NodeOptions.Section + ":Connection";

    /// <summary>
    /// The largest message of a client and the largest body of an HTTP request; more is refused with 1009 or 413. 256 to 1 MiB, default 8192; see
    /// <see cref="NodeSettings.MaxMessageBytes"/>.
    /// </summary>
    [Range(256, 1024 * 1024)]
    public int MaxMessageBytes { get; set; } = 8192;

    /// <summary>Most WebSockets from one address; more are refused with 429. 0 = no limit, default 1000.</summary>
    [Range(0, int.MaxValue)]
    public int ConnectionsPerAddress { get; set; } = 1000;

    /// <summary>
    /// IPv6 addresses that share this many leading bits count as one address. 128 = each address by itself. 32 to 128, default 64, the least that a subscriber
    /// gets.
    /// </summary>
    [Range(ClientNetwork.MinPrefixLength, ClientNetwork.MaxPrefixLength)]
    public int Ipv6PrefixLength { get; set; } = 64;

    /// <summary>Most WebSockets on this node; more are refused with 503. Default 50,000.</summary>
    [Range(1, int.MaxValue)]
    public int MaxConnections { get; set; } = 50_000;

    /// <summary>
    /// WebSockets opened per second on this node, and at once after a pause; more are refused with 503 and a <c>Retry-After</c> that spreads them. 0 = no
    /// limit, default 1000.
    /// </summary>
    [Range(0.0, 1_000_000.0)]
    public double ConnectsPerSecond { get; set; } = 1000;

    /// <summary>
    /// Messages of any kind per second of one connection: texts, Pings, fragments and broken ones. More wait unread, and a client that stays over the limit is
    /// closed with 1008. 0 = no limit, default 50.
    /// </summary>
    [Range(0.0, 1_000_000.0)]
    public double MessagesPerSecond { get; set; } = 50;

    /// <summary>Messages of one connection at once after a pause. Default 200.</summary>
    [Range(1.0, 1_000_000.0)]
    public double MessageBurst { get; set; } = 200;

    /// <summary>The same for all connections of one address together. 0 = no limit, default 1000.</summary>
    [Range(0.0, 1_000_000.0)]
    public double MessagesPerSecondPerAddress { get; set; } = 1000;

    /// <summary>Messages of all connections of one address at once after a pause. Default 4000.</summary>
    [Range(1.0, 1_000_000.0)]
    public double MessageBurstPerAddress { get; set; } = 4000;

    /// <summary>Posts per second of one connection; more are refused. 0 = no limit, default 5.</summary>
    [Range(0.0, 1_000_000.0)]
    public double PostsPerSecond { get; set; } = 5;

    /// <summary>Posts of one connection at once after a pause. Default 10.</summary>
    [Range(1.0, 1_000_000.0)]
    public double PostBurst { get; set; } = 10;

    /// <summary>Posts per second of all WebSockets of one address together; more are refused. 0 = no limit, default 100.</summary>
    [Range(0.0, 1_000_000.0)]
    public double PostsPerSecondPerAddress { get; set; } = 100;

    /// <summary>Posts of all WebSockets of one address at once after a pause. Default 200.</summary>
    [Range(1.0, 1_000_000.0)]
    public double PostBurstPerAddress { get; set; } = 200;

    /// <summary>
    /// How many refusals within 60 s close a plain-text connection, which has no other sign of a refusal; earlier ones are dropped silently. 0 = never, default
    /// 1.
    /// </summary>
    [Range(0, 1000)]
    public int PlainRefusals { get; set; } = 1;

    /// <summary>How many <c>error</c> messages within 60 s close a connection, with 4002. 0 = never, default 10.</summary>
    [Range(0, 1000)]
    public int MaxErrors { get; set; } = 10;

    /// <summary>The longest pause after anything the server has sent; then it sends a Ping. 1 s to 8 s, default 7 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:00:08")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(7);

    /// <summary>A connection that has sent nothing for this long is closed with 4008. 2 s to 1 h, default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:02", "01:00:00")]
    public TimeSpan Silence { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a client may take to read what was sent and to answer the Close frame, when the server closes its connection; then it is cut off. 2 s to 20 s,
    /// default 5 s.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:02", "00:00:20")]
    public TimeSpan CloseTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How soon <c>join</c> must come; else 4000. 1 s to 1 min, default 10 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan JoinTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Most frames that wait for one connection; more are skipped or close it. 1 to 65,536, default 256.</summary>
    [Range(1, 65_536)]
    public int OutboxFrames { get; set; } = 256;

    /// <summary>Most bytes that wait for one connection; more are skipped or close it. 512 KiB to 64 MiB, default 1 MiB.</summary>
    [Range(512 * 1024, 64 * 1024 * 1024)]
    public int OutboxBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// Whether batches and answers of <c>/echo</c> are compressed for clients that offer it (<c>permessage-deflate</c>, RFC 7692). Default true.
    /// </summary>
    public bool Compression { get; set; } = true;

    /// <summary>How long a viewer may be skipped ahead before it is closed with 1013. 1 s to 10 min, default 15 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan TooSlowAfter { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a post may take to its origin; later it is not accepted any more. 1 s to 1 min, default 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan PostDeadline { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Most unanswered posts of one connection; more are refused. Default 64.</summary>
    [Range(1, 65_536)]
    public int MaxPendingPosts { get; set; } = 64;

    /// <summary>
    /// Most unanswered posts of all connections of this edge, and most over HTTP; more are refused, so that slow origins do not get more than they can
    /// handle. Default 16,384.
    /// </summary>
    [Range(1, 1_000_000)]
    public int MaxPendingPostsPerEdge { get; set; } = 16_384;

    /// <summary>HTTP posts per second of one address; more are refused with 429. 0 = no limit, default 20.</summary>
    [Range(0.0, 1_000_000.0)]
    public double HttpPostsPerSecond { get; set; } = 20;

    /// <summary>HTTP posts of one address at once after a pause. Default 40.</summary>
    [Range(1.0, 1_000_000.0)]
    public double HttpPostBurst { get; set; } = 40;

    /// <summary>HTTP requests per second of one address, including handshakes and posts; more are refused with 429. 0 = no limit, default 300.</summary>
    [Range(0.0, 1_000_000.0)]
    public double HttpRequestsPerSecond { get; set; } = 300;

    /// <summary>HTTP requests of one address at once after a pause. Default 6000.</summary>
    [Range(1.0, 1_000_000.0)]
    public double HttpRequestBurst { get; set; } = 6000;

    /// <summary>Most rooms that one address keeps open on this node and nobody else uses; more are refused with 429. 0 = no limit, default 100.</summary>
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
            yield return new ValidationResult("must be at least 1 s longer than Heartbeat; otherwise viewers who only listen are closed", [nameof(Silence)]);
        }
    }

    /// <summary>The client that an address counts as.</summary>
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
