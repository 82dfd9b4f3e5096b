"""Asks for a line, sends it, and prints the answer.

    ask.py ws://HOST:PORT/echo
"""
import asyncio
import sys

import websockets


async def main(url):
    async with websockets.connect(url) as socket:
        await socket.send(input("Your message: "))
        print(await socket.recv())


asyncio.run(main(sys.argv[1]))
