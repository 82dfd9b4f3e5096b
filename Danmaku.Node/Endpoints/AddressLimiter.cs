using System.Net;
using Danmaku.Core.Limits;
using Danmaku.Node.Options;

namespace Danmaku.Node.Endpoints;

/// <summary>The rate of HTTP posts of each client. Thread-safe.</summary>
internal sealed class AddressLimiter(ConnectionOptions options, TimeProvider time)
{
    /// <summary>Most clients remembered. Those that have been quiet are forgotten first; when none has, all are.</summary>
    public const int MaxAddresses = 10_000;

    private readonly Dictionary<ClientNetwork, TokenBucket> _buckets = [];
    private readonly Lock _gate = new();

    /// <returns>Null when it may post, else how long it is to wait.</returns>
    public TimeSpan? TryTake(IPAddress address)
    {
        var client = ClientNetwork.Of(address, options.Ipv6PrefixLength);
        lock (_gate)
        {
            if (!_buckets.TryGetValue(client, out var bucket))
            {
                MakePlace();
                var rate = options.HttpPostsPerSecond;
                bucket = new TokenBucket(Unlimited.IfZero(rate, rate), Unlimited.IfZero(rate, options.HttpPostBurst), time);
                _buckets.Add(client, bucket);
            }

            return bucket.TryTake();
        }
    }

    /// <summary>Gives back what was taken for a repeat.</summary>
    public void Return(IPAddress address)
    {
        lock (_gate)
        {
            if (_buckets.TryGetValue(ClientNetwork.Of(address, options.Ipv6PrefixLength), out var bucket))
            {
                bucket.Return();
            }
        }
    }

    private void MakePlace()
    {
        if (_buckets.Count < MaxAddresses)
        {
            return;
        }

        foreach (var (client, _) in _buckets.Where(entry => entry.Value.IsFull).ToArray())
        {
            _buckets.Remove(client);
        }

        if (_buckets.Count >= MaxAddresses)
        {
            _buckets.Clear();
        }
    }
}
