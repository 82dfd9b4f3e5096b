using Danmaku.Core.Rooms;

namespace Danmaku.Core.Tests.Rooms;

public class AdmissionTests
{
    private readonly OpenAdmission _admission = new(() => 0x12a9f);

    [Theory]
    [InlineData("Mei", "Mei")]
    [InlineData("  弹幕君  ", "弹幕君")]
    [InlineData("\u2068Mei\u2069\tLi", "Mei Li")]
    public void A_viewer_with_a_name_posts_under_it(string asked, string given) =>
        Assert.Equal(new AdmissionResult.Admitted(given), Admit(asked));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    public void A_viewer_without_a_name_gets_one(string? asked) => Assert.Equal(new AdmissionResult.Admitted("guest-2a9f"), Admit(asked));

    [Theory]
    [InlineData("\u200b", "name: text_empty")]
    [InlineData("\u2800", "name: text_empty")]
    [InlineData("\u3164\ufe0f\U000e0041", "name: text_empty")]
    [InlineData("a\u001bb", "name: text_invalid")]
    [InlineData("1234567890123456789012345", "name: text_too_long")]
    public void A_name_that_may_not_be_shown_is_refused(string asked, string reason) =>
        Assert.Equal(new AdmissionResult.Refused(reason), Admit(asked));

    private AdmissionResult Admit(string? name) => _admission.Admit(new AdmissionRequest(RoomId.Parse("lobby"), name, null));
}
