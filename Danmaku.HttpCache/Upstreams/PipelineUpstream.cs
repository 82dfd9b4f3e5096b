using System.IO.Pipelines;
using System.Net;
using Danmaku.HttpCache.Policy;
using Microsoft.AspNetCore.Http.Features;

namespace Danmaku.HttpCache.Upstreams;

/// <summary>
/// The endpoints of this process as an upstream. Runs the rest of the pipeline for a request without a client's connection, so that it goes on when the first
/// client has gone.
/// </summary>
internal sealed class PipelineUpstream(RequestDelegate pipeline, IServiceScopeFactory scopes) : IUpstream
{
    private const int MaxBuffered = 256 * 1024;

    public Task<UpstreamResponse> SendAsync(UpstreamRequest request, CancellationToken cancellation)
    {
        var exchange = new Exchange(request);
        _ = exchange.RunAsync(pipeline, scopes);
        return exchange.HeadAsync(cancellation);
    }

    private sealed class Exchange : IHttpResponseFeature, IHttpRequestLifetimeFeature, IDisposable
    {
        private readonly UpstreamRequest _request;
        private readonly Pipe _pipe = new(new PipeOptions(
            pauseWriterThreshold: MaxBuffered, resumeWriterThreshold: MaxBuffered / 2, useSynchronizationContext: false));
        private readonly TaskCompletionSource<UpstreamResponse> _head = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationTokenSource _aborted = new();
        private readonly Stack<(Func<object, Task> Callback, object State)> _onStarting = new();
        private readonly Stack<(Func<object, Task> Callback, object State)> _onCompleted = new();

        public Exchange(UpstreamRequest request) => (_request, RequestAborted) = (request, _aborted.Token);

        public int StatusCode { get; set; } = StatusCodes.Status200OK;

        public string? ReasonPhrase { get; set; }

        public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

        public Stream Body { get; set; } = Stream.Null;

        public bool HasStarted { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public void OnStarting(Func<object, Task> callback, object state) => _onStarting.Push((callback, state));

        public void OnCompleted(Func<object, Task> callback, object state) => _onCompleted.Push((callback, state));

        public void Abort() => _aborted.Cancel();

        public async Task<UpstreamResponse> HeadAsync(CancellationToken cancellation)
        {
            try
            {
                return await _head.Task.WaitAsync(cancellation);
            }
            catch (OperationCanceledException)
            {
                Dispose();
                throw;
            }
        }

        public async Task RunAsync(RequestDelegate pipeline, IServiceScopeFactory scopes)
        {
            await Task.Yield();
            Exception? failure = null;
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await using var stream = new StartingStream(_pipe.Writer.AsStream(leaveOpen: true), StartAsync);
                var body = new BodyFeature(stream, StartAsync);
                var context = new DefaultHttpContext(Features(body)) { RequestServices = scope.ServiceProvider };
                await pipeline(context);
                await body.CompleteAsync();
                await StartAsync();
            }
            catch (Exception error)
            {
                // The pipeline logs its own errors; here they count as a failed upstream.
                failure = error;
            }

            await _pipe.Writer.CompleteAsync(failure);
            _head.TrySetException(new HttpRequestException("The request failed in this process.", failure));
            foreach (var (callback, state) in _onCompleted)
            {
                await callback(state);
            }
        }

        /// <summary>The caller does not need the answer any more.</summary>
        public void Dispose()
        {
            _aborted.Cancel();
            _pipe.Reader.Complete();
        }

        private FeatureCollection Features(BodyFeature body)
        {
            var query = _request.Target.IndexOf('?', StringComparison.Ordinal);
            var headers = new HeaderDictionary();
            foreach (var field in _request.Fields)
            {
                headers.Append(field.Name, field.Value);
            }

            headers["Host"] = _request.Host ?? "localhost";
            var features = new FeatureCollection();
            features.Set<IHttpRequestFeature>(new HttpRequestFeature
            {
                Protocol = "HTTP/1.1",
                Scheme = "http",
                Method = _request.Method,
                RawTarget = _request.Target,
                Path = PathString.FromUriComponent(query < 0 ? _request.Target : _request.Target[..query]).Value!,
                QueryString = query < 0 ? "" : _request.Target[query..],
                Headers = headers,
                Body = _request.Body ?? Stream.Null,
            });
            features.Set<IHttpResponseFeature>(this);
            features.Set<IHttpResponseBodyFeature>(body);
            features.Set<IHttpRequestLifetimeFeature>(this);
            features.Set<IHttpConnectionFeature>(new HttpConnectionFeature { RemoteIpAddress = _request.Client, LocalIpAddress = IPAddress.Loopback });
            return features;
        }

        private async Task StartAsync()
        {
            if (HasStarted)
            {
                return;
            }

            while (_onStarting.TryPop(out var starting))
            {
                await starting.Callback(starting.State);
            }

            HasStarted = true;
            HttpField[] fields = [.. Headers.SelectMany(header => header.Value.Select(value => new HttpField(header.Key, value ?? "")))];
            _head.TrySetResult(new UpstreamResponse(StatusCode, fields, _pipe.Reader.AsStream(), this));
        }
    }

    private sealed class BodyFeature(Stream stream, Func<Task> start) : StreamResponseBodyFeature(stream)
    {
        public override Task StartAsync(CancellationToken cancellationToken = default) => start();
    }

    /// <summary>Sends the head before the first byte of the body.</summary>
    private sealed class StartingStream(Stream inner, Func<Task> start) : AsyncStream
    {
        public override bool CanRead => false;

        public override bool CanWrite => true;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await start();
            await inner.WriteAsync(buffer, cancellationToken);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override async Task FlushAsync(CancellationToken cancellationToken)
        {
            await start();
            await inner.FlushAsync(cancellationToken);
        }

        public override void Flush() => throw new InvalidOperationException("Synchronous operations are disallowed.");

        public override void Write(byte[] buffer, int offset, int count) => throw new InvalidOperationException("Synchronous operations are disallowed.");
    }
}
