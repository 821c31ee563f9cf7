"""A customer's receiver, written with nothing of Tenantry's: ``stripe`` and ``standardwebhooks`` check what comes.

``python receiver.py PORT SECRETS TAKEN``: SECRETS is a file of secrets, one per line, of which one must fit both signatures; what
passed is appended to TAKEN as lines of JSON. What doesn't pass is answered with 400.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

import stripe
from standardwebhooks import Webhook, WebhookVerificationError

PORT, SECRETS, TAKEN = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
lock = Lock()


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        secrets = SECRETS.read_text().split()
        good = any(self.signed_with(secret, body) for secret in secrets)
        if good:
            with lock, TAKEN.open("a") as taken:
                taken.write(json.dumps({"id": self.headers["webhook-id"], "event": json.loads(body)}) + "\n")
        self.send_response(204 if good else 400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def signed_with(self, secret: str, body: bytes) -> bool:
        try:
            stripe.WebhookSignature.verify_header(body.decode(), self.headers["Tenantry-Signature"], secret, tolerance=300)
            Webhook(secret).verify(body, dict(self.headers))
        except (stripe.SignatureVerificationError, WebhookVerificationError):
            return False
        return True

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


ThreadingHTTPServer(("127.0.0.1", PORT), Receiver).serve_forever()
