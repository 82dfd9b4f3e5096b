"""A WebSocket server that says nothing, not even Ping.

    silent.py PORT
"""
import asyncio
import sys

import websockets


async def listen(socket):
    await socket.wait_closed()


async def main(port):
    async with websockets.serve(listen, "127.0.0.1", port, ping_interval=None):
        print("listens on port", port, flush=True)
        await asyncio.Future()


asyncio.run(main(int(sys.argv[1])))
