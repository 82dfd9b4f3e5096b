namespace Danmaku.WebSockets;

/// <summary>The reason why a client's bytes are refused.</summary>
/// <param name="CloseCode">The code of the Close frame that answers it (RFC 6455 §7.4.1).</param>
/// <param name="Detail">For people.</param>
public sealed record ReadError(int CloseCode, string Detail)
{
    // The catalogue.
    public static readonly ReadError ReservedBits = new(CloseCodes.ProtocolError, "a reserved bit is set (RFC 6455 §5.2, RFC 7692 §6)");
    public static readonly ReadError UnknownOpcode = new(CloseCodes.ProtocolError, "an unknown opcode (RFC 6455 §5.2)");
    public static readonly ReadError NotMasked = new(CloseCodes.ProtocolError, "a client's frame is not masked (RFC 6455 §5.1)");
    public static readonly ReadError NotShortest = new(CloseCodes.ProtocolError, "a length is not in its shortest form (RFC 6455 §5.2)");
    public static readonly ReadError NegativeLength = new(CloseCodes.ProtocolError, "a length has its highest bit set (RFC 6455 §5.2)");
    public static readonly ReadError NoMessage = new(CloseCodes.ProtocolError, "a continuation of nothing (RFC 6455 §5.4)");
    public static readonly ReadError UnfinishedMessage = new(CloseCodes.ProtocolError, "a message within a message (RFC 6455 §5.4)");
    public static readonly ReadError FragmentedControl = new(CloseCodes.ProtocolError, "a control frame in fragments (RFC 6455 §5.5)");
    public static readonly ReadError LongControl = new(CloseCodes.ProtocolError, "a control frame of more than 125 bytes (RFC 6455 §5.5)");
    public static readonly ReadError HalfCloseCode = new(CloseCodes.ProtocolError, "a Close frame of one byte (RFC 6455 §5.5.1)");
    public static readonly ReadError BadCloseCode = new(CloseCodes.ProtocolError, "a close code that must not be sent (RFC 6455 §7.4)");
    public static readonly ReadError BadDeflate = new(CloseCodes.ProtocolError, "no DEFLATE (RFC 1951)");
    public static readonly ReadError CutDeflate = new(CloseCodes.ProtocolError, "a compressed message ends within a block (RFC 7692 §7.2.2)");
    public static readonly ReadError NotText = new(CloseCodes.UnsupportedData, "a binary message where only text is read");
    public static readonly ReadError BadUtf8 = new(CloseCodes.InvalidPayload, "no UTF-8 (RFC 6455 §8.1)");
    public static readonly ReadError TooBig = new(CloseCodes.TooBig, "a message over the limit");
    public static readonly ReadError NoMemory = new(CloseCodes.TryAgainLater, "no memory is left for a message in pieces");
}
