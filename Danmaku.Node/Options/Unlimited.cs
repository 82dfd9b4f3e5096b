namespace Danmaku.Node.Options;

/// <summary>A rate of 0 lifts its limit: the core then gets a rate that is never reached.</summary>
internal static class Unlimited
{
    private const double Rate = 1e9;

    /// <param name="rate">The rate whose 0 lifts the limit.</param>
    /// <param name="value">The rate itself, or the burst that belongs to it.</param>
    public static double IfZero(double rate, double value) => rate == 0 ? Rate : value;
}
