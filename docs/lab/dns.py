"""A name server for one site behind a CDN: the site's name stands for a name of the CDN, and that for three edges.

    dns.py PORT
"""
import itertools
import socket
import struct
import sys

A, CNAME, IN, SECONDS = 1, 5, 1, 30
ALIASES = {"video.lab.test": "video.cdn.test"}
EDGES = {"video.cdn.test": ["127.0.0.2", "127.0.0.3", "127.0.0.4"]}


def read_name(question):
    labels, at = [], 0
    while length := question[at]:
        labels.append(question[at + 1:at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels).lower(), at + 1


def write_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record(name, kind, data):
    return write_name(name) + struct.pack("!HHIH", kind, IN, SECONDS, len(data)) + data


def answer(query, turn):
    """RFC 1035 §4.1: the header, the question as it came, and the answers. A name that is not here does not exist."""
    name, end = read_name(query[12:])
    kind, = struct.unpack("!H", query[12 + end:14 + end])
    exists, records = name in ALIASES or name in EDGES, []
    if name in ALIASES:
        records.append(record(name, CNAME, write_name(ALIASES[name])))
        name = ALIASES[name]
    if kind == A:
        edges = EDGES.get(name, [])
        first = turn % len(edges) if edges else 0
        records += [record(name, A, socket.inet_aton(edge)) for edge in edges[first:] + edges[:first]]
    flags = 0x8400 | (struct.unpack("!H", query[2:4])[0] & 0x0100) | (0 if exists else 3)
    return query[:2] + struct.pack("!HHHHH", flags, 1, len(records), 0, 0) + query[12:16 + end] + b"".join(records)


def main(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", port))
        print("answers on port", port, flush=True)
        for turn in itertools.count():
            query, client = server.recvfrom(512)
            server.sendto(answer(query, turn), client)


main(int(sys.argv[1]))
