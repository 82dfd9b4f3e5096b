using Danmaku.Core.Storage;

namespace Danmaku.Storage;

/// <summary>Which releases can work with a store's tables.</summary>
/// <remarks>
/// The version counts the steps that made the tables. Beside it stands the version that a release must at least know to work with them: steps
/// only add for one release, so that nodes of the release before go on beside newer ones, and an upgrade has a way back.
/// </remarks>
internal static class SchemaVersion
{
    /// <summary>The least version to know for these tables; raised one release after a step that does more than add.</summary>
    public const int Compatible = 3;

    /// <param name="what">The file or the database, for people.</param>
    /// <param name="version">Of the tables.</param>
    /// <param name="compatible">What stands beside it.</param>
    /// <param name="known">How many steps this release has.</param>
    /// <param name="remedy">What to do instead, for people.</param>
    /// <exception cref="StoreRefusedException">This release cannot work with the tables.</exception>
    public static void Check(string what, int version, int compatible, int known, string remedy)
    {
        if (version > known && compatible > known)
        {
            throw new StoreRefusedException(
                $"{what} was written by a later release (schema {version}, for releases that know {compatible} or more; this one knows {known}): {remedy}");
        }
    }
}
