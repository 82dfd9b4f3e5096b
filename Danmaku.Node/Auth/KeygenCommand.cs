using System.Security.Cryptography;

namespace Danmaku.Node.Auth;

/// <summary><c>Danmaku.Node keygen</c>: makes what tokens are signed and checked with, in the form that options take.</summary>
internal static class KeygenCommand
{
    public const string Usage =
        """
        Usage:
          Danmaku.Node keygen              prints a new secret as an environment variable, for all nodes and whoever signs tokens
          Danmaku.Node keygen --pair NAME  writes a key pair instead: NAME.private.pem, which stays with whoever signs tokens, and NAME.public.pem, which
                                           nodes need; prints the variable that names the latter
        """;

    private const int SecretBytes = 32;

    /// <returns>The exit code.</returns>
    public static int Run(string[] args)
    {
        switch (args)
        {
            case []:
                Console.WriteLine($"Danmaku__Auth__HmacSecret={System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes))}");
                return 0;
            case ["--pair", { Length: > 0 } name]:
                return WritePair(name);
            default:
                Console.Error.WriteLine("danmaku: keygen: it takes nothing, or --pair NAME; see Danmaku.Node keygen --help");
                return 2;
        }
    }

    private static int WritePair(string name)
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (secret, open) = (Path.GetFullPath(name + ".private.pem"), Path.GetFullPath(name + ".public.pem"));
        try
        {
            Write(secret, pair.ExportPkcs8PrivateKeyPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Write(open, pair.ExportSubjectPublicKeyInfoPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"danmaku: keygen: {error.Message}");
            return 1;
        }

        Console.WriteLine($"Danmaku__Auth__PublicKey={open}");
        return 0;
    }

    /// <summary>Never over a key that is there: tokens that are signed with it would be worth nothing.</summary>
    private static void Write(string path, string pem, UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }

        using var file = new StreamWriter(path, options);
        file.WriteLine(pem);
    }
}
