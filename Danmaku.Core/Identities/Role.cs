namespace Danmaku.Core.Identities;

/// <summary>What somebody may do in a room; each role may do what those before it may. The numbers are those of the cluster's wire and never change.</summary>
public enum Role : byte
{
    Viewer = 0,
    Trusted = 1,
    Moderator = 2,
    Host = 3,
}

/// <summary>The names of roles in tokens.</summary>
public static class Roles
{
    /// <summary>By number.</summary>
    public static readonly IReadOnlyList<string> Names = ["viewer", "trusted", "moderator", "host"];

    public static string Name(this Role role) => Names[(int)role];

    /// <returns>False for a name that is none; capitals count.</returns>
    public static bool TryParse(string? name, out Role role)
    {
        for (var i = 0; i < Names.Count; i++)
        {
            if (Names[i] == name)
            {
                role = (Role)i;
                return true;
            }
        }

        role = Role.Viewer;
        return false;
    }
}
