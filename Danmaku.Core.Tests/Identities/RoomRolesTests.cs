using System.Text.Json;
using Danmaku.Core.Identities;
using Danmaku.Core.Rooms;

namespace Danmaku.Core.Tests.Identities;

public class RoomRolesTests
{
    private static readonly RoomId Lobby = RoomId.Parse("lobby");
    private static readonly RoomId Hall = RoomId.Parse("hall");

    [Theory]
    [InlineData("\"moderator\"", Role.Moderator, Role.Moderator)]
    [InlineData("\"viewer\"", Role.Viewer, Role.Viewer)]
    [InlineData("{}", Role.Viewer, Role.Viewer)]
    [InlineData("""{"lobby":"host"}""", Role.Host, Role.Viewer)]
    [InlineData("""{"*":"trusted"}""", Role.Trusted, Role.Trusted)]
    [InlineData("""{"*":"moderator","lobby":"viewer"}""", Role.Viewer, Role.Moderator)]
    [InlineData("""{"lobby":"trusted","hall":"host","*":"moderator"}""", Role.Trusted, Role.Host)]
    public void A_role_is_that_of_the_room_or_else_of_all(string claim, Role lobby, Role hall)
    {
        var roles = RoomRoles.Read(JsonElement.Parse(claim))!;

        Assert.Equal((lobby, hall), (roles.In(Lobby), roles.In(Hall)));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("3")]
    [InlineData("true")]
    [InlineData("[]")]
    [InlineData("\"\"")]
    [InlineData("\"admin\"")]
    [InlineData("\"Moderator\"")]
    [InlineData("""{"lobby":3}""")]
    [InlineData("""{"lobby":{"role":"host"}}""")]
    [InlineData("""{"lobby":"moderater"}""")]
    [InlineData("""{"Lobby":"host"}""")]
    [InlineData("""{"":"host"}""")]
    [InlineData("""{"lobby":"host","lobby":"viewer"}""")]
    [InlineData("""{"*":"host","*":"viewer"}""")]
    public void A_claim_that_is_none_is_not_believed(string claim) => Assert.Null(RoomRoles.Read(JsonElement.Parse(claim)));

    [Theory]
    [InlineData(RoomRoles.MaxRooms, true)]
    [InlineData(RoomRoles.MaxRooms + 1, false)]
    public void A_token_names_no_more_rooms_than_it_may(int rooms, bool isOne)
    {
        var claim = JsonSerializer.SerializeToElement(Enumerable.Range(0, rooms).ToDictionary(room => $"room-{room}", _ => "trusted"));

        Assert.Equal(isOne, RoomRoles.Read(claim) is not null);
    }
}
