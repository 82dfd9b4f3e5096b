using System.Text.Json;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Identities;

/// <summary>Which role somebody has in which room: the claim <c>danmaku</c> of a token (docs/protocol.md §11).</summary>
public sealed class RoomRoles
{
    /// <summary>The name of the claim.</summary>
    public const string Claim = "danmaku";

    /// <summary>Stands for all rooms that are not named.</summary>
    public const string AllRooms = "*";

    /// <summary>Most rooms that one token names; a token with more is none.</summary>
    public const int MaxRooms = 100;

    /// <summary>Of a token that says nothing about roles: a viewer everywhere.</summary>
    public static readonly RoomRoles None = new([], Role.Viewer);

    private readonly Dictionary<RoomId, Role> _rooms;
    private readonly Role _elsewhere;

    private RoomRoles(Dictionary<RoomId, Role> rooms, Role elsewhere) => (_rooms, _elsewhere) = (rooms, elsewhere);

    public Role In(RoomId room) => _rooms.GetValueOrDefault(room, _elsewhere);

    /// <summary>
    /// Reads the claim: the name of a role for all rooms, or an object with the names of rooms and roles, where <see cref="AllRooms"/> is every other room.
    /// </summary>
    /// <returns>
    /// Null when it is not of that form, names an unknown role or a room that cannot be, names one twice, or too many: a mistyped role would otherwise be
    /// a viewer, and nobody would see why.
    /// </returns>
    public static RoomRoles? Read(JsonElement claim) => claim.ValueKind switch
    {
        JsonValueKind.String => Roles.TryParse(claim.GetString(), out var role) ? new RoomRoles([], role) : null,
        JsonValueKind.Object => ReadRooms(claim),
        _ => null,
    };

    private static RoomRoles? ReadRooms(JsonElement claim)
    {
        Dictionary<RoomId, Role> rooms = [];
        Role? elsewhere = null;
        foreach (var entry in claim.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String || !Roles.TryParse(entry.Value.GetString(), out var role))
            {
                return null;
            }

            if (entry.NameEquals(AllRooms) && elsewhere is null)
            {
                elsewhere = role;
            }
            else if (rooms.Count >= MaxRooms || !RoomId.TryParse(entry.Name, out var room) || !rooms.TryAdd(room, role))
            {
                return null;
            }
        }

        return new RoomRoles(rooms, elsewhere ?? Role.Viewer);
    }
}
