using System.Net;

namespace Danmaku.Bench.Flood;

/// <summary>Whose connections come from which addresses. Linux takes all of 127.0.0.0/8 for this machine.</summary>
public static class FloodAddresses
{
    /// <summary>Of attackers at most.</summary>
    public const int Most = 60_000;

    private const int PerBlock = 250;
    private const byte Viewers = 16;
    private const byte Visitors = 32;
    private const byte Attackers = 64;

    /// <param name="number">0 to <see cref="Most"/>; the next after the last is the first again.</param>
    public static IPAddress OfViewer(int number) => Of(Viewers, number);

    /// <inheritdoc cref="OfViewer"/>
    public static IPAddress OfVisitor(int number) => Of(Visitors, number);

    /// <inheritdoc cref="OfViewer"/>
    public static IPAddress OfAttacker(int number) => Of(Attackers, number);

    private static IPAddress Of(byte who, int number) =>
        new([127, who, (byte)(number % Most / PerBlock), (byte)(1 + (number % PerBlock))]);
}
