using System.Collections.Concurrent;
using Danmaku.HttpCache.Policy;

namespace Danmaku.HttpCache.Upstreams;

/// <summary>Several upstreams with the same content: one is asked, and another if that one fails. Thread-safe.</summary>
/// <param name="upstreams">Called for each request; the first upstream that answers is used.</param>
/// <param name="timeout">How long an upstream may take to begin its answer.</param>
public sealed class UpstreamGroup(Func<IReadOnlyList<IUpstream>> upstreams, TimeSpan timeout, ICacheObserver observer, TimeProvider time) : IUpstream
{
    /// <summary>How long a failed upstream is asked last.</summary>
    private static readonly TimeSpan Avoid = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<IUpstream, DateTimeOffset> _failed = new();

    /// <summary>
    /// Asked if no upstream answers, for content that this process has too, such as a page. Its answer counts only if its status is below 400: content that is
    /// missing here may exist on an upstream.
    /// </summary>
    public IUpstream? Instead { get; init; }

    /// <summary>
    /// Sends a request to the first upstream that answers. A safe request without a body goes to the next one if an upstream cannot be reached, ends the
    /// connection, or answers 502, 503 or 504.
    /// </summary>
    /// <exception cref="HttpRequestException">No upstream answered.</exception>
    /// <exception cref="UpstreamBusyException">No upstream was asked, which is not their fault.</exception>
    /// <exception cref="TimeoutException">It took too long.</exception>
    public async Task<UpstreamResponse> SendAsync(UpstreamRequest request, CancellationToken cancellation)
    {
        var asked = InOrder();
        var mayRetry = CachePolicy.IsSafe(request.Method) && request.Body is null;
        Exception last = new HttpRequestException("No upstream is known.");
        for (var i = 0; i < asked.Count; i++)
        {
            try
            {
                var response = await SendOnceAsync(asked[i], request, cancellation);
                if (response.Status is not (502 or 503 or 504) || !mayRetry || i == asked.Count - 1)
                {
                    return response;
                }

                Failed(asked[i]);
                response.Dispose();
            }
            catch (HttpRequestException error) when (UpstreamBusyException.Of(error) is { } busy)
            {
                last = busy;
                break;
            }
            catch (Exception error) when (!request.HasBrokenBody && error is HttpRequestException or IOException or TimeoutException)
            {
                Failed(asked[i]);
                last = error;
                if (!mayRetry)
                {
                    break;
                }
            }
        }

        return mayRetry && await InsteadAsync(request, cancellation) is { } here ? here : throw last;
    }

    private async Task<UpstreamResponse?> InsteadAsync(UpstreamRequest request, CancellationToken cancellation)
    {
        if (Instead is null)
        {
            return null;
        }

        var response = await Instead.SendAsync(request, cancellation);
        if (response.Status is < 400)
        {
            return new UpstreamResponse(response.Status, response.Fields, response.Body, response) { IsInstead = true };
        }

        response.Dispose();
        return null;
    }

    private async Task<UpstreamResponse> SendOnceAsync(IUpstream upstream, UpstreamRequest request, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(timeout);
        try
        {
            return await upstream.SendAsync(request, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException("The upstream did not answer in time.");
        }
    }

    private void Failed(IUpstream upstream)
    {
        observer.UpstreamFailed();
        _failed[upstream] = time.GetUtcNow();
    }

    /// <summary>
    /// The same order for every request, with failed ones last. So a page and its files come from the same build while upstreams are replaced.
    /// </summary>
    private List<IUpstream> InOrder()
    {
        var now = time.GetUtcNow();
        return [.. upstreams().OrderBy(upstream => _failed.TryGetValue(upstream, out var failed) && now - failed < Avoid)];
    }
}
