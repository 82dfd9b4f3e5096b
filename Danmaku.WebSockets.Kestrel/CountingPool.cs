using System.Buffers;

namespace Danmaku.WebSockets.Kestrel;

/// <summary>The unread input of one connection: blocks of a pool, counted as input while they are in use. Thread-safe.</summary>
internal sealed class CountingPool(MemoryPool<byte> pool, IMemoryBudget? memory) : MemoryPool<byte>
{
    /// <summary>
    /// The first block is part of the constant for a connection, so that a request that arrives whole is read however much memory others use.
    /// </summary>
    public const int FreeBytes = 4096;

    private long _bytes;

    /// <summary>Whether the next block is free of charge.</summary>
    public bool HasFreeBytes => Volatile.Read(ref _bytes) < FreeBytes;

    public override int MaxBufferSize => pool.MaxBufferSize;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        var block = pool.Rent(minBufferSize);
        Count(block.Memory.Length);
        return new Block(this, block);
    }

    /// <summary>The underlying pool belongs to all connections.</summary>
    protected override void Dispose(bool disposing)
    {
    }

    private void Count(int change)
    {
        var after = Interlocked.Add(ref _bytes, change);
        memory?.Take(Math.Max(0, after - FreeBytes) - Math.Max(0, after - change - FreeBytes));
    }

    private sealed class Block(CountingPool owner, IMemoryOwner<byte> block) : IMemoryOwner<byte>
    {
        private readonly int _bytes = block.Memory.Length;
        private bool _isReturned;

        public Memory<byte> Memory => block.Memory;

        public void Dispose()
        {
            if (!Interlocked.Exchange(ref _isReturned, true))
            {
                block.Dispose();
                owner.Count(-_bytes);
            }
        }
    }
}
