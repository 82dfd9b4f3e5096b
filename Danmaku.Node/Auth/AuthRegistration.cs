using System.Security.Cryptography;
using Danmaku.Core.Identities;
using Danmaku.Core.Rooms;
using Danmaku.Node.Options;

namespace Danmaku.Node.Auth;

/// <summary>Who is let in, and as whom.</summary>
internal static class AuthRegistration
{
    /// <exception cref="SettingsException">A key cannot be read.</exception>
    public static void AddAuth(this IServiceCollection services, AuthOptions options)
    {
        services.AddSingleton<DeploymentKeyHandle>();
        if (options.HasKeys)
        {
            services.AddTokens(options);
        }

        services.AddSingleton<IAdmission>(provider => new Admission(
            options.Anonymous,
            provider.GetService<ITokenVerifier>(),
            provider.GetRequiredService<DeploymentKeyHandle>(),
            RandomNumberGenerator.GetBytes,
            provider.GetRequiredService<TimeProvider>()));
    }

    private static void AddTokens(this IServiceCollection services, AuthOptions options)
    {
        var keys = SigningKeys.Read(options);
        if (options.Jwks.Length > 0)
        {
            CheckJwksFile(options);
            services.AddSingleton(provider => ActivatorUtilities.CreateInstance<JwksSource>(provider, options));
            services.AddHostedService(provider => provider.GetRequiredService<JwksSource>());
        }

        services.AddSingleton<ITokenVerifier>(provider =>
            new TokenVerifier(options, keys, provider.GetService<JwksSource>(), provider.GetRequiredService<TimeProvider>()));
    }

    /// <summary>A URL may be away when a node starts; a file that is not there is mistyped.</summary>
    private static void CheckJwksFile(AuthOptions options)
    {
        if (options.JwksUrl is not null)
        {
            return;
        }

        try
        {
            SigningKeys.ReadJwks(SigningKeys.ReadFile(nameof(options.Jwks), options.Jwks));
        }
        catch (InvalidDataException error)
        {
            throw SigningKeys.Bad(nameof(options.Jwks), $"{options.Jwks}: {error.Message}", error);
        }
    }
}
