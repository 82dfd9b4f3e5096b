using Danmaku.Node.Observability;
using Danmaku.Node.Options;
using Microsoft.IdentityModel.Tokens;

namespace Danmaku.Node.Auth;

/// <summary>
/// The keys of a JSON Web Key Set, which its owner changes now and then: read at start, again at intervals, and when a token names a key that is not in it.
/// While it cannot be read the last good keys stay. Thread-safe.
/// </summary>
internal sealed class JwksSource(AuthOptions options, TimeProvider time, ILogger<JwksSource> logger) : BackgroundService
{
    /// <summary>Tokens of strangers have it read no more often than that; and so it is read while there are no keys at all.</summary>
    public static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(5);

    /// <summary>How long one reading takes at most.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();

    // What it says is believed, so no other place may be named in the answer.
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    {
        MaxResponseContentBufferSize = SigningKeys.MaxBytes,
        Timeout = Patience,
    };

    private IReadOnlyList<SecurityKey>? _keys;
    private string _text = "";
    private Task _reading = Task.CompletedTask;
    private long? _lastRead;
    private bool _isFailing;

    /// <summary>Null while it has never been read.</summary>
    public IReadOnlyList<SecurityKey>? Keys => Volatile.Read(ref _keys);

    /// <summary>Reads it again, unless it was read just now. Ends when there is nothing to wait for; never fails.</summary>
    public Task RefreshAsync()
    {
        lock (_gate)
        {
            if (_reading.IsCompleted && (_lastRead is not { } last || time.GetElapsedTime(last) >= MinInterval))
            {
                _lastRead = time.GetTimestamp();
                _reading = ReadAsync();
            }

            return _reading;
        }
    }

    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await RefreshAsync().WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.Delay(Keys is null ? MinInterval : options.RefreshEvery, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            var text = options.JwksUrl is { } url ? await FetchAsync(url).ConfigureAwait(false) : SigningKeys.ReadFile(nameof(options.Jwks), options.Jwks);
            if (text != _text)
            {
                Volatile.Write(ref _keys, SigningKeys.ReadJwks(text));
                _text = text;
            }

            if (_isFailing)
            {
                logger.KeysAreBack();
                _isFailing = false;
            }
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException or InvalidDataException or SettingsException
            or ObjectDisposedException)
        {
            if (!_isFailing)
            {
                logger.KeysAreAway(options.Jwks, error.Message);
                _isFailing = true;
            }
        }
    }

    private async Task<string> FetchAsync(Uri url)
    {
        using var response = await _http.GetAsync(url).ConfigureAwait(false);
        return response.IsSuccessStatusCode
            ? await response.Content.ReadAsStringAsync().ConfigureAwait(false)
            : throw new HttpRequestException($"it answers {(int)response.StatusCode}");
    }
}
