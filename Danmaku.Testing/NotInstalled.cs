namespace Danmaku.Testing;

/// <summary>Why a test is skipped: a program that it drives is not there.</summary>
public static class NotInstalled
{
    public const string PostgreSql = "PostgreSQL" + Suffix;

    public const string Nginx = "nginx" + Suffix;

    public const string Chromium = "Chromium" + Suffix;

    public const string Promtool = "promtool" + Suffix;

    public const string Curl = "curl" + Suffix;

    public const string Python = "Python with the package websockets" + Suffix;

    public const string Wscat = "wscat, which DANMAKU_TEST_WSCAT may name," + Suffix;

    public const string DiskOfItsOwn = "a disk of the test's own (tmpfs) needs Linux and root";

    public const string Faketime = "libfaketime" + Suffix;

    /// <param name="name">One without a package of its own name.</param>
    public static string Program(string name) => name + Suffix;

    private const string Suffix = " is not installed; .ci/install-programs installs all that the tests drive";
}
