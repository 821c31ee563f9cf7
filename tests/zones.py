"""A name server for the run: it answers with what tests write into files, one of each name. Speaks DNS over UDP (RFC 1035)."""

from __future__ import annotations

import os
import socketserver
import threading
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class NameServer:
    """Listens on loopback, in a thread. ``zones/contoso.example`` holds TXT values, a line each; no such file: NXDOMAIN.

    A file that says ``SERVFAIL`` is a server that is ill.
    """

    def __init__(self, zones: Path) -> None:
        zones.mkdir(mode=0o777, exist_ok=True)

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                asked, socket = self.request
                socket.sendto(_answer(asked, zones), self.client_address)

        server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
        self.port: int = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True, name="name server").start()


def _answer(asked: bytes, zones: Path) -> bytes:
    query = dns.message.from_wire(asked)
    answer, question = dns.message.make_response(query), query.question[0]
    answer.flags |= dns.flags.AA | dns.flags.RA
    zone = zones / question.name.to_text(omit_final_dot=True).lower()
    if not zone.is_file():
        answer.set_rcode(dns.rcode.NXDOMAIN)
    elif (text := zone.read_text()) == "SERVFAIL":
        answer.set_rcode(dns.rcode.SERVFAIL)
    elif values := text.splitlines():
        quoted = [" ".join(f'"{value[at : at + 40]}"' for at in range(0, len(value), 40)) for value in values]
        answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", *quoted))
    return answer.to_wire()


def publish(name: str, *values: str) -> None:
    """Let the name server know a domain with these TXT records; none: it exists and has no record."""
    Path(os.environ["TENANTRY_TEST_ZONES"], name).write_text("\n".join(values))


def forget(name: str) -> None:
    """From now on there is no such domain."""
    Path(os.environ["TENANTRY_TEST_ZONES"], name).unlink(missing_ok=True)
