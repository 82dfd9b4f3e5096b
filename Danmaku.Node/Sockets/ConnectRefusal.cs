namespace Danmaku.Node.Sockets;

/// <summary>Why a request for a WebSocket is refused (docs/protocol.md §1).</summary>
/// <param name="Status">Of the response.</param>
/// <param name="Reason">The label of its metric.</param>
/// <param name="Detail">For people.</param>
/// <param name="RetryAfter">How long to stay away, where trying again makes sense.</param>
internal sealed record ConnectRefusal(int Status, string Reason, string Detail, TimeSpan? RetryAfter = null)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    // The catalogue.
    public static readonly ConnectRefusal NoUpgrade = new(StatusCodes.Status426UpgradeRequired, "handshake", "This path is for WebSockets.");
    public static readonly ConnectRefusal WrongVersion = new(StatusCodes.Status426UpgradeRequired, "handshake", "The version must be 13.");
    public static readonly ConnectRefusal BadKey = new(StatusCodes.Status400BadRequest, "handshake", "The key is not 16 bytes in base64.");
    public static readonly ConnectRefusal WrongOrigin = new(StatusCodes.Status403Forbidden, "origin", "Pages of this origin may not connect.");
    public static readonly ConnectRefusal AddressFull =
        new(StatusCodes.Status429TooManyRequests, "address", "Too many connections from this address.", Soon);

    public static readonly ConnectRefusal NodeFull = new(StatusCodes.Status503ServiceUnavailable, "full", "This edge accepts no more viewers.", Soon);
    public static readonly ConnectRefusal Draining = new(StatusCodes.Status503ServiceUnavailable, "draining", "This edge is stopping.", Soon);

    /// <param name="why">What <see cref="Endpoints.Readiness"/> says.</param>
    public static ConnectRefusal NotReady(string why) => new(StatusCodes.Status503ServiceUnavailable, "not_ready", why, Soon);

    /// <param name="wait">A random one, longer the more there are.</param>
    public static ConnectRefusal TooFast(TimeSpan wait) =>
        new(StatusCodes.Status503ServiceUnavailable, "rate", "Too many viewers are connecting at the same time.", wait);

    /// <param name="wait">Until another room may be opened, or one may have closed.</param>
    public static ConnectRefusal RoomsFull(TimeSpan wait) =>
        new(StatusCodes.Status429TooManyRequests, "rooms", "Too many rooms are open from this address.", wait);
}
