namespace Danmaku.WebSockets.Tests;

/// <summary>The header of a frame, before anybody asks what the frame is for.</summary>
public sealed class FrameHeaderTests
{
    private FrameHeader _header;

    [Theory]
    [InlineData("81 80", 0)]
    [InlineData("81 FD", 125)]
    [InlineData("81 FE 00 7E", 126)]
    [InlineData("81 FE FF FF", 65_535)]
    [InlineData("81 FF 00 00 00 00 00 01 00 00", 65_536)]
    public void A_length_has_one_form(string bytes, long length)
    {
        Assert.Null(Take(bytes));

        Assert.Equal((FramePart.Key, (ulong)length), (_header.Part, _header.Left));
    }

    [Theory]
    [InlineData("81 05", nameof(ReadError.NotMasked))]
    [InlineData("89 FE", nameof(ReadError.LongControl))]
    [InlineData("81 FE 00 7D", nameof(ReadError.NotShortest))]
    [InlineData("81 FF 00 00 00 00 00 00", nameof(ReadError.NotShortest))]
    [InlineData("81 FF 80", nameof(ReadError.NegativeLength))]
    public void A_length_is_refused_with_the_first_byte_that_cannot_be_right(string bytes, string error)
    {
        Assert.Null(Take(bytes[..^3]));
        _header = default;

        Assert.Equal(typeof(ReadError).GetField(error)!.GetValue(null), Take(bytes));
    }

    [Fact]
    public void What_is_known_of_a_length_is_what_it_is_at_least()
    {
        Take("82 FE 01");
        Assert.Equal(256UL, _header.Least);

        Take("02");
        Assert.Equal(258UL, _header.Least);
    }

    [Fact]
    public void The_key_turns_with_the_payload()
    {
        Take("81 85 01 02 03 04");
        Assert.Equal((FramePart.Payload, 5UL), (_header.Part, _header.Left));
        var payload = new byte[5];

        Mask.Apply(payload.AsSpan(0, 3), _header.Key);
        _header.TakePayload(3);
        Mask.Apply(payload.AsSpan(3), _header.Key);
        _header.TakePayload(2);

        Assert.Equal([1, 2, 3, 4, 1], payload);
        Assert.Equal(0UL, _header.Left);
    }

    /// <returns>The last byte's error.</returns>
    private ReadError? Take(string bytes)
    {
        ReadError? error = null;
        foreach (var next in Convert.FromHexString(bytes.Replace(" ", "", StringComparison.Ordinal)))
        {
            switch (_header.Part)
            {
                case FramePart.First:
                    _header.Begin(next);
                    break;

                case FramePart.Key:
                    _header.TakeKey(next);
                    break;

                default:
                    _header.TakeLength(next);
                    error = _header.CheckLength();
                    _header.TryEndLength();
                    break;
            }
        }

        return error;
    }
}
