"""Somebody else's server, as bare as can be: answers every POST with 204, hangs on paths that begin with ``/hang``.

It writes the ``webhook-id`` of what it took to a file, one per line, so that what arrived can be counted afterwards.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import BinaryIO

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Connection(asyncio.Protocol):
    """Enough of HTTP/1.1 for requests with a Content-Length."""

    def __init__(self, kept: BinaryIO) -> None:
        self.kept, self.buffer = kept, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            lower = head.lower()
            length = int(_value(lower, b"content-length"))
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length :]
            if head.split(b" ", 2)[1].startswith(b"/hang"):
                return
            self.kept.write(_value(lower, b"webhook-id") + b"\n")
            self.transport.write(ANSWER)


def _value(head: bytes, name: bytes) -> bytes:
    start = head.find(b"\r\n" + name + b": ")
    return head[start + len(name) + 4 :].split(b"\r\n", 1)[0] if start >= 0 else b"0"


async def serve(port: int, path: str) -> None:
    """Listen until the process ends."""
    with Path(path).open("ab", buffering=0) as kept:
        server = await asyncio.get_running_loop().create_server(lambda: Connection(kept), "127.0.0.1", port, backlog=512)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
