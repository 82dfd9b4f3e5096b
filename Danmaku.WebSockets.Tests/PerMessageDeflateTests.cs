namespace Danmaku.WebSockets.Tests;

public class PerMessageDeflateTests
{
    private const string Agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    [Theory]
    [InlineData("permessage-deflate", Agreed)]
    [InlineData("permessage-deflate; client_max_window_bits", Agreed)]
    [InlineData("permessage-deflate; client_max_window_bits=10", Agreed)]
    [InlineData("permessage-deflate; server_no_context_takeover; client_no_context_takeover", Agreed)]
    [InlineData("permessage-deflate; server_max_window_bits=15", Agreed + "; server_max_window_bits=15")]
    [InlineData("permessage-deflate; server_max_window_bits=\"15\"", Agreed + "; server_max_window_bits=15")]
    [InlineData("x-webkit-deflate-frame, permessage-deflate", Agreed)]
    [InlineData("permessage-deflate; server_max_window_bits=10, permessage-deflate", Agreed)]
    public void An_offer_that_can_be_kept_is_accepted(string offer, string answer) => Assert.Equal(answer, PerMessageDeflate.Accept([offer]));

    [Theory]
    [InlineData("")]
    [InlineData("deflate")]
    [InlineData("permessage-deflate; server_max_window_bits=10")]
    [InlineData("permessage-deflate; server_max_window_bits")]
    [InlineData("permessage-deflate; server_max_window_bits=16")]
    [InlineData("permessage-deflate; server_max_window_bits=015")]
    [InlineData("permessage-deflate; client_max_window_bits=7")]
    [InlineData("permessage-deflate; client_no_context_takeover=1")]
    [InlineData("permessage-deflate; client_no_context_takeover; client_no_context_takeover")]
    [InlineData("permessage-deflate; level=9")]
    public void Another_offer_is_declined(string offer) => Assert.Null(PerMessageDeflate.Accept([offer]));
}
