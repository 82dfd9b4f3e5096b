using System.Collections.Concurrent;
using Danmaku.Core.Http;
using Danmaku.Core.Observability;
using Danmaku.Core.Rooms;
using Danmaku.Node.Options;
using Danmaku.Node.Strangers;

namespace Danmaku.Node.Cache;

/// <summary>Chooses an origin for a request, and another where that one fails. Thread-safe.</summary>
/// <param name="local">This process.</param>
internal sealed class Upstreams(NodeSettings settings, IRooms rooms, IOrigin local, Descriptors descriptors, DanmakuMetrics metrics, TimeProvider time)
    : IDisposable
{
    /// <summary>How long an origin that failed is asked last.</summary>
    private static readonly TimeSpan Avoid = TimeSpan.FromSeconds(3);

    private readonly HttpMessageInvoker _http = RemoteOrigin.CreateClient(descriptors);
    private readonly ConcurrentDictionary<Uri, DateTimeOffset> _failed = new();
    private readonly IReadOnlyList<Uri> _fixed = settings.Cache.UpstreamList;
    private readonly bool _isOrigin = settings.Node.RoleList.Contains("origin");
    private readonly TimeSpan _timeout = settings.Cache.Timeout;

    /// <summary>
    /// Sends a request to the first origin that answers. A safe one without a body goes to the next where an origin is not reached, ends
    /// the connection, or answers 502, 503 or 504.
    /// </summary>
    /// <exception cref="HttpRequestException">None did.</exception>
    /// <exception cref="NoDescriptorsException">None was asked, and none was to blame.</exception>
    /// <exception cref="TimeoutException">It took too long.</exception>
    public async Task<OriginResponse> SendAsync(OriginRequest request, CancellationToken cancellation)
    {
        var origins = Origins();
        var mayRetry = CachePolicy.IsSafe(request.Method) && request.Body is null;
        Exception last = new HttpRequestException("No origin is known.");
        for (var i = 0; i < origins.Count; i++)
        {
            try
            {
                var response = await SendOnceAsync(origins[i], request, cancellation);
                if (response.Status is not (502 or 503 or 504) || !mayRetry || i == origins.Count - 1)
                {
                    return response;
                }

                Failed(origins[i]);
                response.Dispose();
            }
            catch (HttpRequestException error) when (NoDescriptorsException.IsReasonOf(error))
            {
                last = new NoDescriptorsException();
                break;
            }
            catch (Exception error) when (request.Body?.Failure is null && error is HttpRequestException or IOException or TimeoutException)
            {
                Failed(origins[i]);
                last = error;
                if (!mayRetry)
                {
                    break;
                }
            }
        }

        return mayRetry && await FromHereAsync(request, cancellation) is { } here ? here : throw last;
    }

    public void Dispose() => _http.Dispose();

    /// <summary>
    /// What every node has, such as the page, is better from here than not at all. But only that: what this node does not have another
    /// might.
    /// </summary>
    private async Task<OriginResponse?> FromHereAsync(OriginRequest request, CancellationToken cancellation)
    {
        if (_isOrigin || _fixed.Count > 0)
        {
            return null;
        }

        var response = await local.SendAsync(request, cancellation);
        if (response.Status is < 400)
        {
            return new OriginResponse(response.Status, response.Fields, response.Body, response) { IsInstead = true };
        }

        response.Dispose();
        return null;
    }

    private async Task<OriginResponse> SendOnceAsync(IOrigin origin, OriginRequest request, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_timeout);
        try
        {
            return await origin.SendAsync(request, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException("The origin did not answer in time.");
        }
    }

    private void Failed(IOrigin origin)
    {
        metrics.OriginFailed();
        if (origin is RemoteOrigin remote)
        {
            _failed[remote.Address] = time.GetUtcNow();
        }
    }

    /// <summary>
    /// Always in the same order, so that a page and the files that belong to it come from the same build while origins are replaced.
    /// </summary>
    private List<IOrigin> Origins()
    {
        if (_fixed.Count == 0 && _isOrigin)
        {
            return [local];
        }

        var known = _fixed.Count > 0
            ? _fixed
            : [.. rooms.Status.Members
                .Where(member => member.Status == "Up" && member.HttpUrl is not null && member.Roles.Contains("origin"))
                .Select(member => member.HttpUrl!)
                .OrderBy(url => url.AbsoluteUri, StringComparer.Ordinal)];
        var now = time.GetUtcNow();
        return [.. known.OrderBy(url => _failed.TryGetValue(url, out var failed) && now - failed < Avoid).Select(url => new RemoteOrigin(url, _http))];
    }
}
