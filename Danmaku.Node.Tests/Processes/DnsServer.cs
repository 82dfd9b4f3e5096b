using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Danmaku.Node.Tests.Processes;

/// <summary>A name server that knows one name (RFC 1035). What is in <see cref="Addresses"/> may change while it runs.</summary>
internal sealed class DnsServer : IAsyncDisposable
{
    private const int HeaderBytes = 12;
    private const ushort TypeA = 1;

    /// <summary>QR, RD and RA; with NXDOMAIN.</summary>
    private const ushort Answer = 0x8180;
    private const ushort NoSuchName = 0x8183;

    private readonly UdpClient _udp = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly string _name;
    private readonly Task _serving;
    private ImmutableArray<IPAddress> _addresses;

    public DnsServer(string name, params IEnumerable<IPAddress> addresses)
    {
        (_name, _addresses) = (name, [.. addresses]);
        _serving = ServeAsync();
    }

    /// <summary>As nginx writes a resolver.</summary>
    public string Address => _udp.Client.LocalEndPoint!.ToString()!;

    public ImmutableArray<IPAddress> Addresses
    {
        get => _addresses;
        set => ImmutableInterlocked.InterlockedExchange(ref _addresses, value);
    }

    public async ValueTask DisposeAsync()
    {
        _udp.Dispose();
        await _serving;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var question = await _udp.ReceiveAsync();
                await _udp.SendAsync(Reply(question.Buffer), question.RemoteEndPoint);
            }
        }
        catch (Exception error) when (error is ObjectDisposedException or SocketException)
        {
            // DisposeAsync was called.
        }
    }

    private byte[] Reply(byte[] question)
    {
        var end = HeaderBytes + Encode(_name).Length + 4;
        var isKnown = question.AsSpan(HeaderBytes).StartsWith(Encode(_name));
        var isAddress = isKnown && BinaryPrimitives.ReadUInt16BigEndian(question.AsSpan(end - 4)) == TypeA;
        var addresses = isAddress ? Addresses : [];

        var reply = new List<byte>(question[..2]);
        Add(reply, isKnown ? Answer : NoSuchName, 1, (ushort)addresses.Length, 0, 0);
        reply.AddRange(question.AsSpan(HeaderBytes, (isKnown ? end : question.Length) - HeaderBytes));
        foreach (var address in addresses)
        {
            // A pointer to the name in the question, type, class IN, one second to live, four bytes.
            Add(reply, 0xc000 | HeaderBytes, TypeA, 1, 0, 1, 4);
            reply.AddRange(address.GetAddressBytes());
        }

        return [.. reply];
    }

    private static byte[] Encode(string name) =>
        [.. name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0];

    private static void Add(List<byte> reply, params ushort[] values)
    {
        foreach (var value in values)
        {
            reply.Add((byte)(value >> 8));
            reply.Add((byte)value);
        }
    }
}
