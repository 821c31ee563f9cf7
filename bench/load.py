"""A small HTTP/1.1 load on loopback: keep-alive connections, no more parsing than a status and a length.

``python -m bench.load URL`` reads a job from standard input (JSON) and prints its outcome, so that the load runs in a
process of its own.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(slots=True)
class Outcome:
    """``seconds`` are latencies in order of completion."""

    per_second: float
    seconds: list[float]
    statuses: dict[str, int]

    def percentile(self, share: float) -> float:
        """Latency in milliseconds that this share of the requests kept within."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


class Connection:
    """One keep-alive connection that sends a request and reads its answer."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)

    async def ask(self, request: bytes) -> str:
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        lower = head.lower()
        start = lower.index(b"content-length:") + 15
        length = int(lower[start : lower.index(b"\r\n", start)])
        if length:
            await self.reader.readexactly(length)
        return head[9:12].decode()


async def _run(job: dict[str, Any]) -> dict[str, Any]:
    address = urlsplit(job["url"])
    requests = [_request(address.path, address.netloc, job["headers"], body) for body in job["bodies"]]
    connections = [Connection(address.hostname or "", address.port or 80) for _ in range(job["connections"])]
    await asyncio.gather(*(connection.open() for connection in connections))
    seconds: list[float] = []
    statuses: dict[str, int] = {}
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    for connection in connections:
        idle.put_nowait(connection)

    async def one(number: int, due: float) -> None:
        connection = await idle.get()
        status = await connection.ask(requests[number % len(requests)])
        seconds.append(time.perf_counter() - due)
        statuses[status] = statuses.get(status, 0) + 1
        idle.put_nowait(connection)

    began = time.perf_counter()
    if job["rate"]:  # open loop: each request is due at its moment, and waiting for a connection counts
        running = []
        for number in range(job["count"]):
            due = began + number / job["rate"]
            await asyncio.sleep(max(0, due - time.perf_counter()))
            running.append(asyncio.create_task(one(number, due)))
        await asyncio.gather(*running)
    else:  # closed loop: as fast as it goes

        async def lane(first: int) -> None:
            for number in range(first, job["count"], len(connections)):
                await one(number, time.perf_counter())

        await asyncio.gather(*(lane(first) for first in range(len(connections))))
    return {"per_second": job["count"] / (time.perf_counter() - began), "seconds": seconds, "statuses": statuses}


def _request(path: str, host: str, headers: dict[str, str], body: str) -> bytes:
    lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def load(url: str, *, bodies: list[str], headers: dict[str, str], count: int, connections: int = 8, rate: float = 0) -> Outcome:
    """Send ``count`` requests; ``rate`` per second, or 0 for as fast as the connections allow."""
    job = {"url": url, "bodies": bodies, "headers": headers, "count": count, "connections": connections, "rate": rate}
    done = subprocess.run([sys.executable, "-m", "bench.load"], input=json.dumps(job), capture_output=True, text=True, check=True)
    return Outcome(**json.loads(done.stdout))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_run(json.load(sys.stdin)))))
