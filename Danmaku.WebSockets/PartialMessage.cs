using System.Buffers;
using Danmaku.WebSockets.Deflate;

namespace Danmaku.WebSockets;

/// <summary>The part of a message that has arrived, if the message is not whole and uncompressed in one piece: inflated, and checked as text.</summary>
/// <remarks>
/// A mutable struct: its owner keeps it where it is. The buffer grows with the bytes that have arrived, never with an announced length. It comes from a pool,
/// to which <see cref="Forget"/> returns it.
/// </remarks>
internal struct PartialMessage(ReaderOptions options)
{
    private const int MinBufferBytes = 256;

    private byte[] _buffer = [];
    private int _length;
    private Inflater? _inflater;
    private long _deflated;

    /// <summary>The length of the part that is whole characters.</summary>
    private int _checked;

    public bool IsText { get; private set; }

    public readonly bool IsDeflated => _inflater is not null;

    public readonly bool IsEmpty => _length == 0;

    public readonly Memory<byte> Bytes => _buffer.AsMemory(0, _length);

    /// <summary>How many more bytes may arrive, before inflation.</summary>
    public readonly long Place => _inflater is null ? options.MaxMessageBytes - _length : options.MaxDeflatedBytes - _deflated;

    /// <summary>Bytes of memory that it holds.</summary>
    public readonly int Kept => _buffer.Length + (_inflater is null ? 0 : Inflater.Bytes);

    public void Begin(bool isText, bool isDeflated) => (IsText, _inflater) = (isText, isDeflated ? Inflater.Rent() : null);

    /// <param name="piece">The next bytes, unmasked.</param>
    public ReadError? Add(ReadOnlySpan<byte> piece)
    {
        if (_inflater is not null)
        {
            _deflated += piece.Length;
            return Inflate(_inflater, piece) ?? CheckText();
        }

        if (_length + piece.Length > _buffer.Length)
        {
            Grow(_length + piece.Length);
        }

        piece.CopyTo(_buffer.AsSpan(_length));
        _length += piece.Length;
        return CheckText();
    }

    /// <summary>Ends the message: all of it has arrived.</summary>
    public ReadError? Finish()
    {
        if (_inflater?.TryFinish(_buffer, ref _length) == false)
        {
            return ReadError.CutDeflate;
        }

        return IsText && _checked < _length ? ReadError.BadUtf8 : null;
    }

    /// <summary>Releases all memory.</summary>
    public void Forget()
    {
        GiveBack();
        _inflater?.Return();
        (_inflater, _buffer, _length, _checked, _deflated) = (null, [], 0, 0, 0);
    }

    private ReadError? CheckText()
    {
        if (!IsText)
        {
            return null;
        }

        var whole = Utf8Prefix.Check(_buffer.AsSpan(_checked, _length - _checked));
        _checked += whole;
        return whole < 0 ? ReadError.BadUtf8 : null;
    }

    private ReadError? Inflate(Inflater inflater, ReadOnlySpan<byte> piece)
    {
        while (true)
        {
            switch (inflater.Inflate(ref piece, _buffer.AsSpan(0, Math.Min(_buffer.Length, options.MaxMessageBytes)), ref _length))
            {
                case InflateResult.NeedsInput:
                    return null;
                case InflateResult.NeedsOutput when _length < options.MaxMessageBytes:
                    Grow((int)Math.Min(2L * _buffer.Length, options.MaxMessageBytes));
                    break;
                case InflateResult.NeedsOutput:
                    return ReadError.TooBig;
                default:
                    return ReadError.BadDeflate;
            }
        }
    }

    private void Grow(int bytes)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(bytes, MinBufferBytes));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        GiveBack();
        _buffer = larger;
    }

    private readonly void GiveBack()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }
}
