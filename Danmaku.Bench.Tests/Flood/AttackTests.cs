using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Danmaku.Bench.Flood;

namespace Danmaku.Bench.Tests.Flood;

public partial class AttackTests
{
    private static readonly Uri[] Node = [new Uri("http://127.0.0.1:8080")];

    [Fact]
    public void Every_post_of_a_volley_has_an_id_of_its_own_also_in_the_next_one()
    {
        var volley = Volley.OfPosts("hello");

        string[] ids = [.. Ids(volley.Next()), .. Ids(volley.Next())];

        Assert.Equal(2 * volley.Messages, ids.Length);
        Assert.Equal(ids.Length, ids.Distinct().Count());
    }

    [Fact]
    public void Half_of_the_half_sent_is_a_header_without_an_end_and_half_a_message_without_an_end()
    {
        var attack = Of(AttackKind.Half);

        var (header, message) = (attack.Script(0)!, attack.Script(1)!);

        Assert.StartsWith("GET / HTTP/1.1\r\n", Encoding.ASCII.GetString(header.Opening), StringComparison.Ordinal);
        Assert.DoesNotContain("\r\n\r\n", Encoding.ASCII.GetString(header.Opening), StringComparison.Ordinal);
        Assert.Empty(header.Answered);
        Assert.Contains("Upgrade: websocket", Encoding.ASCII.GetString(message.Opening), StringComparison.Ordinal);
        Assert.Equal([0x81, 0x80 | 126, 0x10, 0x00], message.Answered[..4]);
        Assert.Equal(8 + 4096 - 1, message.Answered.Length);
    }

    [Fact]
    public void Rooms_are_opened_one_after_the_other_until_there_are_enough()
    {
        var attack = Of(AttackKind.Rooms, count: 2);

        var rooms = Enumerable.Range(0, 3).Select(attack.Script).ToArray();

        Assert.Equal(1, attack.Size.Connections);
        Assert.Contains("/ws/mine-0 ", Encoding.ASCII.GetString(rooms[0]!.Opening), StringComparison.Ordinal);
        Assert.Contains("/ws/mine-1 ", Encoding.ASCII.GetString(rooms[1]!.Opening), StringComparison.Ordinal);
        Assert.Null(rooms[2]);
    }

    [Fact]
    public void Posts_over_http_come_from_four_thousand_addresses_of_which_none_is_an_honest_one()
    {
        var attack = Of(AttackKind.Http);

        var attackers = Enumerable.Range(0, 8000).Select(number => attack.Script(number)!.Source).ToHashSet();

        Assert.Equal(4000, attackers.Count);
        Assert.DoesNotContain(Enumerable.Range(0, 1000).Select(FloodAddresses.OfViewer), attackers.Contains);
        Assert.DoesNotContain(Enumerable.Range(0, 1000).Select(FloodAddresses.OfVisitor), attackers.Contains);
        Assert.All(attackers, address => Assert.True(IPAddress.IsLoopback(address)));
    }

    [Theory]
    [InlineData(AttackKind.Posts, 300, 1, null)]
    [InlineData(AttackKind.Pings, 20, 1, null)]
    [InlineData(AttackKind.Rooms, 1, 1, 10_000)]
    [InlineData(AttackKind.None, 0, 1, null)]
    public void An_attack_has_its_usual_size(AttackKind kind, int connections, int addresses, int? total) =>
        Assert.Equal(new AttackSize(connections, addresses, total), AttackSize.Of(kind));

    [Fact]
    public void A_size_that_is_asked_for_is_kept()
    {
        Assert.Equal(new AttackSize(7, 3), AttackSize.Of(AttackKind.Idle, 7, 3));
        Assert.Equal(new AttackSize(1, 3, 7), AttackSize.Of(AttackKind.Rooms, 7, 3));
    }

    [Theory]
    [InlineData("http://192.0.2.1:8080")]
    [InlineData("http://10.0.0.1:8080")]
    public void No_other_machine_is_attacked(string url)
    {
        var failure = Assert.Throws<InvalidDataException>(() => new Attack(AttackKind.Idle, AttackSize.Of(AttackKind.Idle), [new Uri(url)], "theirs", "mine"));

        Assert.Contains("not on this machine", failure.Message, StringComparison.Ordinal);
    }

    private static Attack Of(AttackKind kind, int? count = null) => new(kind, AttackSize.Of(kind, count), Node, "theirs", "mine");

    private static IEnumerable<string> Ids(byte[] piece) => Id().Matches(Encoding.Latin1.GetString(piece)).Select(match => match.Groups[1].Value);

    [GeneratedRegex("\"id\":\"([0-9a-f]{32})\"")]
    private static partial Regex Id();
}
