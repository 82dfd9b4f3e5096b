"""Sends bytes to /echo after the handshake, and prints what comes back: each frame as bytes, and what it means.

    raw.py HOST:PORT [--deflate] [--text TEXT] [BYTES…]      BYTES in hexadecimal, such as '81 85 37 fa 21 3d 7f 9f 4d 51 58'

At the end it sends a Close frame, unless one of yours is one, and reads until the server has sent one, too.
"""
import argparse
import base64
import hashlib
import os
import socket
import zlib

NAMES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
CLOSE = bytes.fromhex("88 80 00 00 00 00")


def handshake(stream, host, deflate):
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /echo HTTP/1.1", "Host: " + host, "Connection: Upgrade", "Upgrade: websocket",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key,
    ]
    if deflate:
        lines.append("Sec-WebSocket-Extensions: permessage-deflate")
    stream.write("".join(line + "\r\n" for line in lines).encode() + b"\r\n")
    stream.flush()

    status = stream.readline().decode().strip()
    headers = {}
    while line := stream.readline().decode().strip():
        name, value = line.split(": ", 1)
        headers[name.lower()] = value
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    if headers.get("sec-websocket-accept") != base64.b64encode(digest).decode():
        raise SystemExit(status)
    if deflate:
        print("agreed on:", headers.get("sec-websocket-extensions", "nothing"))


def text_frame(text):
    """A masked text frame of less than 126 bytes."""
    payload, key = text.encode(), os.urandom(4)
    return bytes([0x81, 0x80 | len(payload)]) + key + bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


def show(what, data):
    more = f" and {len(data) - 32} more bytes" if len(data) > 32 else ""
    print(f"{what:8} {data[:32].hex(' ')}{more}")


def read_frame(stream):
    """The bytes of a server's frame, which has no mask, and its payload."""
    header = stream.read(2)
    if len(header) < 2:
        raise SystemExit("the server hung up without a Close frame")
    length = header[1] & 0x7F
    extra = stream.read({126: 2, 127: 8}.get(length, 0))
    payload = stream.read(int.from_bytes(extra, "big") if extra else length)
    return header + extra + payload, payload


def meaning(first, payload):
    opcode, name = first & 0x0F, NAMES[first & 0x0F]
    if opcode == 8:
        return f"{name}: {int.from_bytes(payload[:2], 'big')} {payload[2:].decode()}".rstrip()
    if first & 0x40:
        name, payload = name + ", compressed (RSV1)", zlib.decompressobj(-15).decompress(payload + b"\x00\x00\xff\xff")
    return f"{name}: {payload.decode()}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("bytes", nargs="*", type=bytes.fromhex)
    parser.add_argument("--deflate", action="store_true")
    parser.add_argument("--text")
    arguments = parser.parse_intermixed_args()
    frames = arguments.bytes + ([text_frame(arguments.text)] if arguments.text else [])
    if not any(frame[:1] == b"\x88" for frame in frames):
        frames.append(CLOSE)

    name, port = arguments.host.rsplit(":", 1)
    with socket.create_connection((name, int(port)), timeout=20) as connection, connection.makefile("rwb") as stream:
        handshake(stream, arguments.host, arguments.deflate)
        for frame in frames:
            show("sent", frame)
            stream.write(frame)
        stream.flush()
        opcode = None
        while opcode != 8:
            data, payload = read_frame(stream)
            show("received", data)
            print("         " + meaning(data[0], payload))
            opcode = data[0] & 0x0F


main()
