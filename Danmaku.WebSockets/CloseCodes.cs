namespace Danmaku.WebSockets;

/// <summary>The codes of Close frames (RFC 6455 §7.4, and what IANA has registered since).</summary>
public static class CloseCodes
{
    public const int Normal = 1000;
    public const int ProtocolError = 1002;
    public const int UnsupportedData = 1003;

    /// <summary>Never sent: means a Close frame without a code.</summary>
    public const int None = 1005;

    public const int InvalidPayload = 1007;
    public const int TooBig = 1009;
    public const int TryAgainLater = 1013;

    /// <summary>
    /// Whether it may be in a Close frame. 1004 has no meaning, 1005, 1006 and 1015 are never sent, and the other codes below 3000 are reserved for later RFCs.
    /// </summary>
    public static bool MayBeSent(int code) => code is >= 1000 and <= 1003 or >= 1007 and <= 1014 or >= 3000 and <= 4999;
}
