namespace Danmaku.Node.Sockets;

/// <summary>
/// Follows the bytes of a client from frame to frame and sees whether each is masked, as RFC 6455 §5.1 asks; the library does not.
/// </summary>
internal sealed class MaskWatch
{
    private const byte MaskBit = 0x80;
    private const int KeyBytes = 4;

    private ulong _skip;
    private ulong _length;
    private int _lengthBytes;
    private bool _isInHeader;
    private int _frames;

    /// <summary>How many frames have begun since the last call.</summary>
    public int TakeFrames()
    {
        var frames = _frames;
        _frames = 0;
        return frames;
    }

    /// <returns>False when a frame in <paramref name="bytes"/> is not masked; nothing after it is looked at.</returns>
    public bool Follow(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_skip > 0)
            {
                var skipped = (int)Math.Min(_skip, (ulong)bytes.Length);
                _skip -= (ulong)skipped;
                bytes = bytes[skipped..];
                continue;
            }

            if (!FollowHeader(bytes[0]))
            {
                return false;
            }

            bytes = bytes[1..];
        }

        return true;
    }

    private bool FollowHeader(byte next)
    {
        if (_lengthBytes > 0)
        {
            _length = (_length << 8) | next;
            if (--_lengthBytes == 0)
            {
                _skip = _length + KeyBytes;
            }
        }
        else if (!_isInHeader)
        {
            _isInHeader = true;
            _frames++;
        }
        else
        {
            _isInHeader = false;
            var length = next & ~MaskBit;
            (_length, _lengthBytes) = (0, length switch { 126 => 2, 127 => 8, _ => 0 });
            _skip = _lengthBytes > 0 ? 0 : (ulong)length + KeyBytes;
            return (next & MaskBit) != 0;
        }

        return true;
    }
}
