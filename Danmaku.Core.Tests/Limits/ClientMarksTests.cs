using System.Net;
using Danmaku.Core.Limits;

namespace Danmaku.Core.Tests.Limits;

public sealed class ClientMarksTests
{
    private static readonly ClientMarks Marks = new([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);

    [Fact]
    public void A_client_has_one_mark_and_others_have_others()
    {
        var marks = Enumerable.Range(0, 1000).Select(i => Marks.Of(Client((uint)i))).ToList();

        Assert.Equal(marks[17], Marks.Of(Client(17)));
        Assert.All(marks, mark => Assert.InRange(mark, 1, ClientMarks.Max));
        Assert.InRange(marks.Distinct().Count(), 995, 1000);
    }

    [Fact]
    public void Another_key_gives_other_marks()
    {
        var others = new ClientMarks(new byte[32]);

        Assert.InRange(Enumerable.Range(0, 1000).Count(i => others.Of(Client((uint)i)) == Marks.Of(Client((uint)i))), 0, 3);
    }

    private static ClientNetwork Client(uint address) => ClientNetwork.Of(new IPAddress(address), 64);
}
