namespace Danmaku.Testing.Terminal;

/// <summary>What the process says when it ends, the same for all scenarios.</summary>
public static class ExitCode
{
    /// <summary>Every viewer got everything, once and in order.</summary>
    public const int Clean = 0;

    /// <summary>It was measured, and not all was as it should be.</summary>
    public const int NotClean = 1;

    /// <summary>A bad command line, or servers that let no viewer in.</summary>
    public const int NothingMeasured = 2;
}
