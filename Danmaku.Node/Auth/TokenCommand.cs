using System.Globalization;
using System.Security.Cryptography;
using Danmaku.Core.Identities;
using Danmaku.Core.Rooms;
using Danmaku.Node.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Danmaku.Node.Auth;

/// <summary><c>Danmaku.Node token</c>: signs a token, so that a course or a small stream needs no identity server.</summary>
internal static class TokenCommand
{
    public const string Usage =
        """
        Usage:
          Danmaku.Node token --sub ID [--name NAME] [--role ROLE] [--room ROOM,…] [--expires 12h] [--key FILE] [options]

        Prints a token, signed with Danmaku:Auth:HmacSecret or HmacSecretFile of this machine's configuration, or with the private key in a PEM file.

          --sub ID        who it is, the same each time: others see a hash of it
          --name NAME     the name under which that person posts; without one it may choose one
          --role ROLE     viewer (default), trusted, moderator or host
          --room ROOM,…   where it has that role; without it, everywhere
          --expires 12h   how long the token is good for, in d, h, m or s; default 12h
          --key FILE      the private key, such as danmaku.private.pem of Danmaku.Node keygen --pair danmaku

        iss and aud are the first of Danmaku:Auth:Issuer and Danmaku:Auth:Audience.
        """;

    private static readonly TimeSpan MaxLife = TimeSpan.FromDays(3650);

    private static readonly string[] Known = ["sub", "name", "role", "room", "expires", "key"];

    /// <returns>The exit code.</returns>
    public static int Run(string[] args) => Run(args, TimeProvider.System);

    private static int Run(string[] args, TimeProvider time)
    {
        try
        {
            Console.WriteLine(Sign(args, time));
            return 0;
        }
        catch (UsageException error)
        {
            Console.Error.WriteLine($"danmaku: token: {error.Message}; see Danmaku.Node token --help");
            return 2;
        }
        catch (SettingsException error)
        {
            Console.Error.WriteLine($"danmaku: {error.Message}");
            return 1;
        }
    }

    private static string Sign(string[] args, TimeProvider time)
    {
        var given = Read(args);
        if (given["sub"] is not { Length: > 0 and <= TokenVerifier.MaxIdChars } subject)
        {
            throw new UsageException($"--sub is needed, of at most {TokenVerifier.MaxIdChars} characters");
        }

        var (options, now) = (NodeSettings.Read(NodeHost.CreateBuilder(args).Configuration).Auth, time.GetUtcNow().UtcDateTime);
        var claims = new Dictionary<string, object>
        {
            [JwtRegisteredClaimNames.Sub] = subject,
            [JwtRegisteredClaimNames.Jti] = Guid.NewGuid().ToString("n"),
            [RoomRoles.Claim] = RolesOf(given["role"] ?? Role.Viewer.Name(), given["room"]),
        };
        if (given["name"] is { } name)
        {
            claims[JwtRegisteredClaimNames.Name] = TokenName.Fit(name) is not null ? name : throw new UsageException("--name cannot be shown");
        }

        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Claims = claims,
            Issuer = options.IssuerList is [var issuer, ..] ? issuer : null,
            Audience = options.AudienceList is [var audience, ..] ? audience : null,
            IssuedAt = now,
            Expires = now + LifeOf(given["expires"] ?? "12h"),
            SigningCredentials = Credentials(options, given["key"]),
        });
    }

    /// <summary>What is given on the command line alone: in the environment a NAME is something else.</summary>
    private static IConfiguration Read(string[] args)
    {
        IConfiguration given;
        try
        {
            given = new ConfigurationBuilder().AddCommandLine(args).Build();
        }
        catch (FormatException error)
        {
            throw new UsageException(error.Message);
        }

        var unknown = given.GetChildren().Select(option => option.Key)
            .Where(key => !key.Equals(NodeOptions.Section, StringComparison.OrdinalIgnoreCase))
            .FirstOrDefault(key => !Known.Contains(key, StringComparer.OrdinalIgnoreCase));
        return unknown is null && args.All(arg => arg.Length > 0) ? given : throw new UsageException($"--{unknown} is unknown");
    }

    private static object RolesOf(string role, string? rooms)
    {
        if (!Roles.TryParse(role, out _))
        {
            throw new UsageException($"--role is one of {string.Join(", ", Roles.Names)}");
        }

        if (rooms is null)
        {
            return role;
        }

        var names = Csv.Split(rooms).Distinct().ToList();
        return names.Count is > 0 and <= RoomRoles.MaxRooms && names.All(name => RoomId.TryParse(name, out _))
            ? names.ToDictionary(name => name, _ => (object)role)
            : throw new UsageException($"--room is one to {RoomRoles.MaxRooms} names of rooms, by commas");
    }

    private static TimeSpan LifeOf(string text)
    {
        var unit = text.Length > 0 ? text[^1] : ' ';
        var seconds = unit switch { 'd' => 86_400, 'h' => 3600, 'm' => 60, 's' => 1, _ => 0 };
        return seconds > 0
            && double.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
            && count * seconds is >= 1 and var length
            && length <= MaxLife.TotalSeconds
            ? TimeSpan.FromSeconds(length)
            : throw new UsageException("--expires is a time such as 12h, 90m or 7d, of at most 3650d");
    }

    private static SigningCredentials Credentials(AuthOptions options, string? file)
    {
        if (file is not null)
        {
            return Private(file);
        }

        return SigningKeys.Secrets(options) is [var secret, ..]
            ? new SigningCredentials(secret, SecurityAlgorithms.HmacSha256)
            : throw new SettingsException(
                $"{AuthOptions.Section}:{nameof(options.HmacSecret)}: there is none; give this command the one that nodes have, or --key FILE");
    }

    private static SigningCredentials Private(string file)
    {
        try
        {
            var pem = File.ReadAllText(file);
            var (rsa, ec) = (RSA.Create(), ECDsa.Create());
            if (SigningKeys.TryImport(rsa, pem))
            {
                return new SigningCredentials(new RsaSecurityKey(rsa), SecurityAlgorithms.RsaSha256);
            }

            SecurityKey? key = SigningKeys.TryImport(ec, pem) ? new ECDsaSecurityKey(ec) : null;
            return key is not null && SigningKeys.AlgorithmsOf(key) is [var algorithm, ..]
                ? new SigningCredentials(key, algorithm)
                : throw new UsageException($"{file} has no private RSA or EC key in it");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file} cannot be read: {error.Message}");
        }
    }

    private sealed class UsageException(string message) : Exception(message);
}
