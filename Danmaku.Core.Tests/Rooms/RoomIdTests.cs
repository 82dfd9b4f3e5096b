using System.Text.RegularExpressions;
using Danmaku.Core.Rooms;
using FsCheck;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Rooms;

public partial class RoomIdTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("lobby")]
    [InlineData("0-9_z")]
    [InlineData("-")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    public void A_name_of_allowed_characters_is_a_room(string text)
    {
        Assert.True(RoomId.TryParse(text, out var room));

        Assert.Equal(text, room.Value);
        Assert.Equal(text, room.ToString());
        Assert.Equal(RoomId.Parse(text), room);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Lobby")]
    [InlineData("a.b")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("a\n")]
    [InlineData("弹幕")]
    [InlineData("é")]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901234")]
    public void Any_other_name_is_not_a_room(string? text)
    {
        Assert.False(RoomId.TryParse(text, out _));

        Assert.Throws<FormatException>(() => RoomId.Parse(text!));
    }

    [Property(MaxTest = 500)]
    public void It_agrees_with_the_pattern_of_the_protocol(string? text) =>
        Assert.Equal(text is not null && Pattern().IsMatch(text), RoomId.TryParse(text, out _));

    [Fact]
    public void The_default_names_no_room() => Assert.Throws<InvalidOperationException>(() => default(RoomId).Value);

    // The numbers are those of FNV-1a; another release must give the same ones, or its rooms are on other topics.
    [Theory]
    [InlineData("a", 64, 0xe40c292c % 64)]
    [InlineData("foobar", 64, 0xbf9cf968 % 64)]
    [InlineData("foobar", 7, 0xbf9cf968 % 7)]
    public void A_room_has_the_same_partition_on_every_node_and_release(string room, int partitions, uint partition) =>
        Assert.Equal((int)partition, RoomId.Parse(room).Partition(partitions));

    [Property]
    public void A_partition_is_one_of_those_there_are(NonNegativeInt number, PositiveInt partitions) =>
        Assert.InRange(RoomId.Parse($"room-{number.Item}").Partition(partitions.Item), 0, partitions.Item - 1);

    [GeneratedRegex(@"^[a-z0-9_-]{1,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
