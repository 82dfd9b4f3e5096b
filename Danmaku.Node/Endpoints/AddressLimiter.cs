using System.Net;
using Danmaku.Core.Limits;
using Danmaku.Node.Options;

namespace Danmaku.Node.Endpoints;

/// <summary>Limits requests per client and second. Thread-safe.</summary>
/// <param name="perSecond">0 = no limit.</param>
/// <param name="burst">Requests at once after a pause.</param>
/// <param name="ipv6PrefixLength">See <see cref="ClientNetwork.Of"/>.</param>
internal sealed class AddressLimiter(double perSecond, double burst, int ipv6PrefixLength, TimeProvider time)
{
    /// <summary>Most clients remembered.</summary>
    public const int MaxAddresses = 10_000;

    private readonly ClientTable<TokenBucket> _buckets = new(MaxAddresses, () => new TokenBucket(perSecond, burst, time));
    private readonly Lock _gate = new();

    /// <summary>The limiter of HTTP posts.</summary>
    public static AddressLimiter OfPosts(ConnectionOptions options, TimeProvider time) =>
        new(options.HttpPostsPerSecond, options.HttpPostBurst, options.Ipv6PrefixLength, time);

    /// <summary>The limiter of all HTTP requests.</summary>
    public static AddressLimiter OfRequests(ConnectionOptions options, TimeProvider time) =>
        new(options.HttpRequestsPerSecond, options.HttpRequestBurst, options.Ipv6PrefixLength, time);

    /// <returns>Null when the request is allowed, else how long the client must wait.</returns>
    public TimeSpan? TryTake(IPAddress address)
    {
        if (perSecond == 0)
        {
            return null;
        }

        var client = ClientNetwork.Of(address, ipv6PrefixLength);
        lock (_gate)
        {
            return _buckets.Get(client).TryTake();
        }
    }

    /// <summary>Returns a token that was taken for a repeat.</summary>
    public void Return(IPAddress address)
    {
        if (perSecond == 0)
        {
            return;
        }

        var client = ClientNetwork.Of(address, ipv6PrefixLength);
        lock (_gate)
        {
            _buckets.Get(client).Return();
        }
    }
}
