using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Numerics;
using System.Text;
using Danmaku.WebSockets.Tests.Support;
using Xunit.Abstractions;

namespace Danmaku.WebSockets.Tests;

/// <summary>
/// Random talks, right and wrong. <c>DANMAKU_FUZZ</c> says how long each test goes on (as <c>00:10:00</c>, default 3 s), <c>DANMAKU_FUZZ_SEED</c> where it
/// begins; a failure names its seed.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private const int MaxBytes = 5000;

    private static readonly TimeSpan Duration =
        Environment.GetEnvironmentVariable("DANMAKU_FUZZ") is { Length: > 0 } text ? TimeSpan.Parse(text, CultureInfo.InvariantCulture) : TimeSpan.FromSeconds(3);

    private static readonly int FirstSeed =
        Environment.GetEnvironmentVariable("DANMAKU_FUZZ_SEED") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : 1;

    private static readonly CompressionLevel[] Levels =
        [CompressionLevel.NoCompression, CompressionLevel.Fastest, CompressionLevel.Optimal, CompressionLevel.SmallestSize];

    [Fact]
    public void What_was_said_is_what_is_heard() => Run(random =>
    {
        var (bytes, said) = Talk(random, 1 + random.Next(30));

        var heard = Read(random, bytes, out _);

        Assert.Equal(said, heard);
    });

    /// <summary>What comes before the first byte that was changed is heard as it was said; the rest means anything, or is wrong.</summary>
    [Fact]
    public void Whatever_comes_is_heard_or_refused_and_memory_is_bounded() => Run(random =>
    {
        var (bytes, said) = Talk(random, 1 + random.Next(10));
        var (mutated, from) = Mutate(random, bytes);
        var before = Read(new Random(0), bytes[..from], out _);

        var heard = Read(random, mutated, out var most);

        Assert.Equal(before.Where(line => !line.StartsWith("error", StringComparison.Ordinal)), heard.Take(before.Count));
        Assert.Equal(said.Take(before.Count), before);
        Assert.True(heard.Count(line => line.StartsWith("error", StringComparison.Ordinal)) <= 1, "there is one error at most");
        Assert.InRange(most, 0, BitOperations.RoundUpToPowerOf2(MaxBytes) + Deflate.Inflater.Bytes);
    });

    [Fact]
    public void Noise_is_heard_or_refused() => Run(random =>
    {
        var bytes = new byte[random.Next(300)];
        random.NextBytes(bytes);

        Read(random, bytes, out var most);

        Assert.InRange(most, 0, BitOperations.RoundUpToPowerOf2(MaxBytes) + Deflate.Inflater.Bytes);
    });

    /// <summary>Of broken DEFLATE the reader takes no more than the library does, and makes the same of it.</summary>
    [Fact]
    public void What_inflates_is_what_the_library_makes_of_it() => Run(random =>
    {
        var payload = Payload(random);
        var deflated = Deflated.Message(payload, Levels[random.Next(Levels.Length)]);
        var (mutated, _) = random.Next(4) == 0 ? (deflated, 0) : Mutate(random, deflated);
        using var reader = new MessageReader(new ReaderOptions(MaxBytes) { Deflate = true });

        var heard = Transcript.Read(reader, Wire.Frame(Wire.Binary, mutated, reserved: 4), [1 + random.Next(mutated.Length + 10)]);

        if (heard is [var (line, _)] && line.StartsWith("binary", StringComparison.Ordinal))
        {
            // A final block is the end of it for the library, and not for us.
            byte[] theirs = Deflated.Inflate([.. mutated, 0, 0, 0xff, 0xff]);
            using var ours = new MessageReader(new ReaderOptions(MaxBytes) { Deflate = true });
            Assert.True(ours.Read(Wire.Frame(Wire.Binary, mutated, reserved: 4), out _).Payload.Span.StartsWith(theirs), "it is what the library makes of it");
        }
    });

    /// <summary>A client may say it in fragments, with control frames between, compressed or not.</summary>
    /// <returns>The bytes, and what a reader is to make of them.</returns>
    private static (byte[] Bytes, List<string> Said) Talk(Random random, int count)
    {
        var (bytes, said) = (new List<byte>(), new List<string>());
        for (var i = 0; i < count; i++)
        {
            var isText = random.Next(4) > 0;
            var payload = isText ? Text(random) : Payload(random);
            var isCompressed = random.Next(3) == 0;
            SayFrames(isText ? Wire.Text : Wire.Binary, isCompressed ? Compress(random, payload) : payload, isCompressed);
            said.Add((isText ? "text " : "binary ") + Transcript.Binary(payload)["binary ".Length..]);
            SayControl();
        }

        if (random.Next(3) == 0)
        {
            bytes.AddRange(Wire.CloseFrame(1000, "bye"));
            said.Add(Transcript.Close(1000, "bye"));
        }

        return ([.. bytes], said);

        void SayFrames(int opcode, byte[] payload, bool isCompressed)
        {
            var sent = 0;
            for (var isFirst = true; isFirst || sent < payload.Length; isFirst = false)
            {
                var length = random.Next(3) == 0 ? random.Next(payload.Length - sent + 1) : payload.Length - sent;
                var frame = Wire.Frame(
                    isFirst ? opcode : Wire.Continuation, payload[sent..(sent + length)], sent + length == payload.Length, isFirst && isCompressed ? 4 : 0, null, Key());
                bytes.AddRange(frame);
                sent += length;
                if (sent < payload.Length)
                {
                    SayControl();
                }
            }
        }

        void SayControl()
        {
            if (random.Next(4) == 0)
            {
                var payload = new byte[random.Next(126)];
                random.NextBytes(payload);
                var isPing = random.Next(2) == 0;
                bytes.AddRange(Wire.Frame(isPing ? Wire.Ping : Wire.Pong, payload, true, 0, null, Key()));
                said.Add(isPing ? Transcript.Ping(payload) : Transcript.Pong(payload));
            }
        }

        byte[] Key()
        {
            var key = new byte[4];
            random.NextBytes(key);
            return key;
        }
    }

    private static byte[] Compress(Random random, byte[] payload)
    {
        var level = Levels[random.Next(Levels.Length)];
        return random.Next(4) switch
        {
            0 when payload.Length > 0 => Deflated.InPieces(payload, 1 + random.Next(payload.Length), level),
            1 => Deflated.Final(payload, level),
            2 => Deflated.WithTail(payload, level),
            _ => Deflated.Message(payload, level),
        };
    }

    private static byte[] Text(Random random)
    {
        var text = new StringBuilder();
        var most = random.Next(8) == 0 ? MaxBytes / 4 : 40;
        for (var count = random.Next(most); count > 0; count--)
        {
            text.Append(random.Next(6) switch
            {
                0 => (Rune)random.Next(0x80, 0x800),
                1 => (Rune)random.Next(0x800, 0xd800),
                2 => (Rune)random.Next(0x10000, 0x110000),
                _ => (Rune)random.Next(0x80),
            });
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static byte[] Payload(Random random)
    {
        var payload = new byte[random.Next(random.Next(8) == 0 ? MaxBytes : 100)];
        random.NextBytes(payload);
        if (random.Next(2) == 0)
        {
            // Something that can be compressed.
            payload.AsSpan().Replace((byte)0, (byte)1);
            for (var i = 1; i < payload.Length; i++)
            {
                payload[i] = payload[i] < 200 ? payload[i / 2] : payload[i];
            }
        }

        return payload;
    }

    /// <returns>The bytes, and the first that is another one.</returns>
    private static (byte[] Bytes, int From) Mutate(Random random, byte[] bytes)
    {
        var mutated = bytes.ToList();
        var from = bytes.Length;
        for (var count = 1 + random.Next(4); count > 0; count--)
        {
            var place = random.Next(mutated.Count + 1);
            from = Math.Min(from, place);
            switch (random.Next(4))
            {
                case 0 when place < mutated.Count:
                    mutated.RemoveRange(place, random.Next(mutated.Count - place));
                    break;
                case 1:
                    mutated.Insert(place, (byte)random.Next(256));
                    break;
                case var _ when place < mutated.Count:
                    mutated[place] ^= (byte)(1 << random.Next(8));
                    break;
            }
        }

        return ([.. mutated], from);
    }

    /// <param name="most">The most memory that was held.</param>
    private static List<string> Read(Random random, byte[] bytes, out long most)
    {
        var memory = new CountedMemory(int.MaxValue);
        var longest = random.Next(4) switch { 0 => 1, 1 => 10, 2 => 300, _ => bytes.Length + 1 };
        using var reader = new MessageReader(new ReaderOptions(MaxBytes) { Deflate = true, Memory = memory });
        var heard = Transcript.Read(reader, bytes, Enumerable.Range(0, int.MaxValue).Select(_ => random.Next(1, longest + 1)));
        most = memory.Most;
        reader.Dispose();
        Assert.Equal(0, memory.Used);
        return [.. heard.Select(line => line.Line)];
    }

    private void Run(Action<Random> test)
    {
        var start = Stopwatch.GetTimestamp();
        var seed = FirstSeed;
        for (; seed == FirstSeed || Stopwatch.GetElapsedTime(start) < Duration; seed++)
        {
            try
            {
                test(new Random(seed));
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"DANMAKU_FUZZ_SEED={seed}", error);
            }
        }

        output.WriteLine($"{seed - FirstSeed} talks from seed {FirstSeed}");
    }
}
