using System.Text;
using Danmaku.Core.Rooms;
using FsCheck.Xunit;

namespace Danmaku.Core.Tests.Rooms;

public class PostIdTests
{
    [Fact]
    public void It_is_written_as_32_lower_case_hexadecimal_digits()
    {
        Assert.True(PostId.TryParse("00112233445566778899aabbccddeeff", out var id));

        Assert.Equal(UInt128.Parse("00112233445566778899aabbccddeeff", System.Globalization.NumberStyles.HexNumber), id.Value);
        Assert.Equal("00112233445566778899aabbccddeeff", id.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0011")]
    [InlineData("00112233445566778899AABBCCDDEEFF")]
    [InlineData("00112233445566778899aabbccddeefg")]
    [InlineData(" 0112233445566778899aabbccddeeff")]
    [InlineData("00112233445566778899aabbccddee\0\0")]
    [InlineData("00112233445566778899aabbccddeeff0")]
    [InlineData("00112233445566778899aabbccddeeé")]
    public void No_other_text_is_an_id(string? text)
    {
        Assert.False(PostId.TryParse(text, out _));
        Assert.False(PostId.TryParse(Encoding.UTF8.GetBytes(text ?? ""), out _));
    }

    [Property]
    public void A_written_id_is_read_back(ulong high, ulong low)
    {
        var id = new PostId(new UInt128(high, low));

        Assert.True(PostId.TryParse(id.ToString(), out var read));

        Assert.Equal(id, read);
    }

    [Property]
    public void In_UTF8_it_is_written_and_read_as_in_text(ulong high, ulong low)
    {
        var id = new PostId(new UInt128(high, low));
        var utf8 = new byte[PostId.TextLength];

        id.Write(utf8);

        Assert.Equal(id.ToString(), Encoding.UTF8.GetString(utf8));
        Assert.True(PostId.TryParse(utf8, out var read));
        Assert.Equal(id, read);
    }

    [Fact]
    public void A_key_always_gives_the_same_id_and_another_key_another()
    {
        // The first 16 bytes of SHA-256("abc"), FIPS 180-4.
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223", PostId.FromKey("abc").ToString());
        Assert.NotEqual(PostId.FromKey("abc"), PostId.FromKey("abd"));
    }
}
