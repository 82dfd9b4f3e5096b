"""Python `websockets` as a relay, for comparisons (docs/benchmarks.md): every text message goes to all in its room.

pip install websockets; python3 pyws.py --port 9000
"""

import argparse
import asyncio
import collections

try:
    from websockets.asyncio.server import broadcast, serve

    def path_of(connection):
        return connection.request.path

except ImportError:  # before 13
    from websockets import broadcast, serve

    def path_of(connection):
        return connection.path


rooms = collections.defaultdict(set)


async def relay(connection):
    members = rooms[path_of(connection)]
    members.add(connection)
    try:
        async for text in connection:
            broadcast(members, text)
    finally:
        members.discard(connection)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=9000)
    port = parser.parse_args().port
    async with serve(relay, "127.0.0.1", port, compression=None, ping_interval=None, backlog=4096):
        print("ready", flush=True)
        await asyncio.Future()


asyncio.run(main())
