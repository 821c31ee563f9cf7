"""Calls to typed addresses: connected to the judged number only, bounded in time and size, and told in a safe sentence."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tenantry.kit import outgoing
from tenantry.kit.outgoing import Answer, Outgoing, Refused, Unreachable, call_now, resolve_checked, resolve_now

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PUBLIC = "93.184.215.14"


async def _with_server(handler: Handler, call: Callable[[Outgoing, int], Awaitable[Any]], **tls: Any) -> Any:
    """Run a receiver on loopback and a client that may call it; returns what ``call`` returns."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, **tls)
    async with Outgoing(allow_loopback=True) as client:
        try:
            return await call(client, server.sockets[0].getsockname()[1])
        finally:
            server.close()


def _answer(text: bytes, *, heard: list[bytes] | None = None, wait: float = 0) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
            if heard is not None:
                heard.append(head + await reader.readexactly(length))
            await asyncio.sleep(wait)
            writer.write(text)
            await writer.drain()

    return handler


def _ask(handler: Handler, **how: Any) -> Answer:
    async def call(client: Outgoing, port: int) -> Answer:
        return await client.request("POST", f"http://127.0.0.1:{port}/hook?a=1#top", **{"headers": {}, "body": b"{}", **how})

    return asyncio.run(_with_server(handler, call))


class Names:
    """The system's resolver with answers of ours: one list of numbers for each time it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.answers, self.asked, self.connected = list(answers), 0, []
        monkeypatch.setattr(socket, "getaddrinfo", self.getaddrinfo)
        real = asyncio.SelectorEventLoop.sock_connect

        async def sock_connect(loop: Any, sock: socket.socket, address: Any) -> None:
            self.connected.append(address[0])
            if address[0].startswith("127."):
                await real(loop, sock, address)
            raise ConnectionRefusedError(111, "no way out of a test")

        monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", sock_connect)

    def getaddrinfo(self, host: str, port: Any, *_: Any, **__: Any) -> list[Any]:
        self.asked += 1
        numbers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(socket.AF_INET6 if ":" in n else socket.AF_INET, socket.SOCK_STREAM, 6, "", (n, port)) for n in numbers]


def test_a_call_is_made_as_it_was_asked_for() -> None:
    heard: list[bytes] = []
    answer = _ask(
        _answer(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nX-Odd: \xff\r\n\r\nok", heard=heard),
        headers={"X-Mine": "1"},
        body=b'{"a":1}',
    )
    assert (answer.status, answer.body, answer.headers["X-Odd"]) == (202, b"ok", "?")
    assert 0 <= answer.ms < 5000
    head, _, body = heard[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert (lines[0], body) == ("POST /hook?a=1 HTTP/1.1", b'{"a":1}')
    assert {"X-Mine: 1", "User-Agent: Tenantry", "Accept-Encoding: identity"} <= set(lines)


def test_connections_are_kept_and_cookies_are_not() -> None:
    heard: list[bytes] = []
    opened = 0
    inner = _answer(b"HTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\n\r\n", heard=heard)

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await inner(reader, writer)

    async def call(client: Outgoing, port: int) -> None:
        for _ in range(3):
            await client.request("POST", f"http://localhost:{port}/", headers={}, body=b"x")

    asyncio.run(_with_server(handler, call))
    assert (opened, len(heard)) == (1, 3)
    assert not any(b"cookie" in request.lower() for request in heard)


def test_a_redirect_is_an_answer_and_leads_nowhere() -> None:
    heard: list[bytes] = []
    told = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://169.254.169.254/latest/meta-data\r\nContent-Length: 0\r\n\r\n"
    answer = _ask(_answer(told, heard=heard))
    assert (answer.status, answer.headers["Location"], len(heard)) == (307, "http://169.254.169.254/latest/meta-data", 1)


def test_huge_answers_are_cut_and_compressed_ones_left_alone() -> None:
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        while sent < 50_000_000:
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()

    answer = _ask(endless)
    assert (answer.status, answer.body) == (200, b"x" * 4096)
    assert sent < 20_000_000
    bomb = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\n\x1f\x8b\x08\x00z"
    assert _ask(_answer(bomb), keep=5).body == b"\x1f\x8b\x08\x00z"


def test_who_is_slow_is_not_waited_for() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    began = time.monotonic()
    with pytest.raises(Unreachable, match=r"No answer from 127.0.0.1 within 0.4 seconds\."):
        _ask(trickle, total_timeout=0.4)
    with pytest.raises(Unreachable, match=r"No answer from 127.0.0.1 within 0.3 seconds\."):
        _ask(_answer(b"HTTP/1.1 200 OK\r\n\r\n", wait=5), total_timeout=0.3)
    assert time.monotonic() - began < 3


def test_what_goes_wrong_is_told_in_a_sentence() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # bound, but nobody listens
        with pytest.raises(Unreachable, match=r"No connection to 127\.0\.0\.1: connection refused\."):
            call_now("POST", f"http://127.0.0.1:{unheard.getsockname()[1]}/", headers={}, allow_loopback=True)
        unheard.listen(0)
        queue = []
        for _ in range(2):  # a full queue: nobody accepts, and the next one hangs
            queue.append(socket.socket())
            queue[-1].setblocking(False)
            queue[-1].connect_ex(unheard.getsockname())
        with pytest.raises(Unreachable, match=r"No connection to 127.0.0.1 within 0.3 seconds\."):
            call_now("POST", f"http://127.0.0.1:{unheard.getsockname()[1]}/", headers={}, allow_loopback=True, connect_timeout=0.3)
        for other in queue:
            other.close()
    with pytest.raises(Unreachable, match="closed the connection without an answer"):
        _ask(_hang_up)
    with pytest.raises(Unreachable, match="is not HTTP"):
        _ask(_answer(b"220 mail.example ESMTP\r\n\r\n"))
    with pytest.raises(Unreachable, match="is not HTTP"):
        _ask(_answer(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"))
    with pytest.raises(Unreachable, match="broke off"):
        _ask(_break_off)


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def _break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")


async def _no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Connection"])
def test_headers_that_frame_the_message_are_refused(name: str) -> None:
    with pytest.raises(Refused):
        _ask(_hang_up, headers={name: "1"})


def test_headers_with_line_breaks_are_refused() -> None:
    with pytest.raises(Refused):
        _ask(_hang_up, headers={"X-Mine": "a\r\nHost: metadata"})


def test_a_name_that_answers_differently_the_second_time_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the connection goes to the number that was judged, and the next judgement sees the next answer."""
    names = Names(monkeypatch, [PUBLIC], ["127.0.0.1"])

    async def twice() -> None:
        async with Outgoing(allow_loopback=True) as client:
            for _ in range(3):  # within the half minute that an answer is kept
                with pytest.raises(Unreachable):
                    await client.request("POST", "https://rebinding.example/", headers={})
            assert (names.asked, set(names.connected)) == (1, {PUBLIC})
        async with Outgoing(allow_loopback=True) as client:
            with pytest.raises(Refused, match=r"^rebinding\.example doesn't lead to the public internet\.$"):
                await client.request("POST", "https://rebinding.example/", headers={})

    asyncio.run(twice())
    assert (names.asked, set(names.connected)) == (2, {PUBLIC})


@pytest.mark.parametrize("numbers", [["127.0.0.1"], [PUBLIC, "10.0.0.7"], ["2606:4700::1", "::ffff:127.0.0.1"], ["fe80::1%eth0"], []])
def test_one_inner_number_spoils_the_name(monkeypatch: pytest.MonkeyPatch, numbers: list[str]) -> None:
    names = Names(monkeypatch, numbers)
    with pytest.raises(Refused):
        call_now("POST", "https://receiver.example/", headers={}, allow_loopback=True)
    with pytest.raises(Refused):
        resolve_now("receiver.example", 25)
    assert names.connected == []


def test_sockets_themselves_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were everything before it wrong, no connection to an inner number would come about."""
    names = Names(monkeypatch, ["127.0.0.1"])
    monkeypatch.setattr(outgoing, "resolve_now", lambda host, port, **_: ["127.0.0.1", "10.0.0.1"])
    with pytest.raises(Unreachable, match="permission denied"):
        call_now("POST", "https://receiver.example/", headers={})
    assert names.connected == []


def test_hosts_of_mail_servers_are_judged_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_now("1.1.1.1", 25) == ["1.1.1.1"]
    assert resolve_now("127.0.0.1", 25, allow_loopback=True) == ["127.0.0.1"]
    assert resolve_now("localhost", 25, allow_loopback=True) == ["127.0.0.1", "::1"]
    for host in [
        "localhost",
        "127.0.0.1",
        "2130706433",
        "10.0.0.1",
        "mail",
        "",
        "mail.internal",
        "mail.example:25",
        "a@b.example",
        "[::1]",
        "a b.example",
    ]:
        with pytest.raises(Refused):
            resolve_now(host, 25)
    Names(monkeypatch, [PUBLIC, "2606:4700::1"])
    assert asyncio.run(resolve_checked("Mail.Example", 25)) == [PUBLIC, "2606:4700::1"]
    # A name that ends in a digit is no number, and is resolved.
    assert resolve_now("mail.example1", 25) == [PUBLIC, "2606:4700::1"]

    def no_name(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_name)
    with pytest.raises(Unreachable, match=r"The name mail\.example can't be resolved\."):
        resolve_now("mail.example", 25)


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert _ask(_answer(b"HTTP/1.1 204 No Content\r\n\r\n")).status == 204


def test_certificates_are_checked_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    asked_for: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)

    def ask(host: str) -> Answer:
        async def call(client: Outgoing, port: int) -> Answer:
            return await client.request("POST", f"https://{host}:{port}/", headers={})

        return asyncio.run(_with_server(_answer(b"HTTP/1.1 204 No Content\r\n\r\n"), call, ssl=context))

    with pytest.raises(Unreachable, match=r"The certificate of localhost was not accepted: self.signed certificate\."):
        ask("localhost")
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(outgoing, "_certificates", lambda: trusting)
    assert ask("localhost").status == 204
    assert asked_for == ["localhost", "localhost"]
    with pytest.raises(Unreachable, match=r"The certificate of 127\.0\.0\.1 was not accepted: IP address mismatch"):
        ask("127.0.0.1")

    async def plain(client: Outgoing, port: int) -> Answer:
        return await client.request("POST", f"https://localhost:{port}/", headers={})

    with pytest.raises(Unreachable, match="No TLS connection to localhost came about"):
        asyncio.run(_with_server(_no_tls, plain))
