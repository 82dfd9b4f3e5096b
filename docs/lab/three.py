"""Three clients of one room. The first says something, and each prints what it hears.

    three.py ws://HOST:PORT/ MESSAGE
"""
import asyncio
import sys

import websockets


async def main(url, message):
    async with websockets.connect(url) as first, websockets.connect(url) as second, websockets.connect(url) as third:
        await first.send(message)
        for name, client in ("first", first), ("second", second), ("third", third):
            print(name, "hears", await client.recv())


asyncio.run(main(*sys.argv[1:]))
