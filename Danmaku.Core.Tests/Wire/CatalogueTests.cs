using System.Reflection;
using System.Text;
using Danmaku.Core.Identities;
using Danmaku.Core.Rooms;
using Danmaku.Core.Wire;
using Danmaku.Testing;

namespace Danmaku.Core.Tests.Wire;

/// <summary>The catalogues of code and of docs/protocol.md say the same.</summary>
public class CatalogueTests
{
    private static IEnumerable<CloseReason> Reasons => typeof(CloseReason)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Where(known => known.FieldType == typeof(CloseReason))
        .Select(known => (CloseReason)known.GetValue(null)!)
        .Concat(Enum.GetValues<RejectReason>().Select(reason => CloseReason.NotPosted(reason)))
        .Append(CloseReason.NotAdmitted("sign in"))
        .Append(CloseReason.BadJoin(RejectReason.FieldInvalid.Message("position")));

    [Fact]
    public void Every_close_reason_is_in_the_protocol_and_every_one_of_the_protocol_is_known()
    {
        var documented = Vectors.Table("## 7 Closing").Select(row => (row[0], row[1].Trim('`'), row[2] == "yes")).ToHashSet();

        var known = Reasons.Select(reason => (
            $"{reason.Code}",
            reason.Text.Split(": ") is [var text, _] ? text + ": <reason>" : reason.Text,
            reason.Reconnect)).ToHashSet();

        Assert.NotEmpty(documented);
        Assert.Equal(documented.Order(), known.Order());
    }

    [Fact]
    public void A_close_reason_fits_into_a_control_frame()
    {
        Assert.All(Reasons, reason => Assert.InRange(Encoding.UTF8.GetByteCount(reason.Text), 1, 123));
        Assert.All(Reasons, reason => Assert.True(reason.Code is >= 1000 and <= 1013 or >= 4000 and <= 4999));
    }

    [Fact]
    public void Every_refusal_is_in_the_protocol_and_every_one_of_the_protocol_is_known()
    {
        var documented = Vectors.Table("## 6 Refusals").Select(row => row[0].Trim('`')).ToList();

        Assert.NotEmpty(documented);
        Assert.Equal(documented.Order(), Enum.GetValues<RejectReason>().Select(reason => reason.Name()).Order());
    }

    [Fact]
    public void A_refusal_is_known_by_its_number_and_has_a_word_for_people()
    {
        Assert.All(Enum.GetValues<RejectReason>(), reason => Assert.True(reason.IsKnown() && reason.Message().Length > 0));
        Assert.False(default(RejectReason).IsKnown());
        Assert.False(((RejectReason)255).IsKnown());
    }

    // Numbers on the cluster's wire: another release reads them too.
    [Fact]
    public void Numbers_on_the_wire_never_change()
    {
        Assert.Equal(
            [(1, "TextEmpty"), (2, "TextTooLong"), (3, "TextInvalid"), (4, "FieldMissing"), (5, "FieldInvalid"), (6, "RateLimited"),
                (7, "RoomBusy"), (8, "RoomLimit"), (9, "Unavailable"), (10, "Expired"), (11, "Forbidden"), (12, "NotFound")],
            Enum.GetValues<RejectReason>().Select(reason => ((int)reason, $"{reason}")));
        Assert.Equal(["Scroll", "Top", "Bottom", "Reverse"], Enum.GetNames<CommentMode>());
        Assert.Equal(["Small", "Medium", "Large"], Enum.GetNames<CommentSize>());
        Assert.Equal([(0, "viewer"), (1, "trusted"), (2, "moderator"), (3, "host")], Enum.GetValues<Role>().Select(role => ((int)role, role.Name())));
        Assert.Equal(
            [(1, "Token"), (2, "Anonymous"), (3, "Network"), (4, "Server")], Enum.GetValues<IdentityKind>().Select(kind => ((int)kind, $"{kind}")));
        Assert.Equal(JsonFormat.ModeNames, Enum.GetNames<CommentMode>().Select(name => name.ToLowerInvariant()));
        Assert.Equal(JsonFormat.SizeNames, Enum.GetNames<CommentSize>().Select(name => name.ToLowerInvariant()));
    }

    [Fact]
    public void Limits_of_the_protocol_are_those_of_the_code()
    {
        Assert.Contains($"| characters in a text | {RoomLimits.Default.MaxTextChars} |", Vectors.Protocol, StringComparison.Ordinal);
        Assert.Contains($"| characters in a plain text | {RoomLimits.Default.MaxPlainTextChars} |", Vectors.Protocol, StringComparison.Ordinal);
        Assert.Contains(
            $"| code points in a text | {TextRules.PointsPerChar * RoomLimits.Default.MaxTextChars} |", Vectors.Protocol, StringComparison.Ordinal);
        Assert.Contains($"**Unicode {TextRules.UnicodeVersion}**", Vectors.Protocol, StringComparison.Ordinal);
        Assert.Contains(
            $"| posts per connection | {new ViewerLimits().PostsPerSecond} per second, bursts of {new ViewerLimits().PostBurst};",
            Vectors.Protocol,
            StringComparison.Ordinal);
        Assert.Contains($"0–{ClientMessage.MaxHistory}, default {ClientMessage.DefaultHistory}", Vectors.Protocol, StringComparison.Ordinal);
    }
}
