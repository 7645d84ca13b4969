"""Two small internal systems: one asks for its steps, and one gets them by webhook and hands in late."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx2

from tests.conftest import Api
from tests.journeys.exports import STEPS, hand_in


class PullSystem:
    """Asks ``exportSteps`` for what is to be done, and hands in what it holds about the person."""

    def __init__(self, api: Api, role: str, name: str, held: dict[str, Any]) -> None:
        self._api = api
        self._role = role
        self._name = name
        self._held = held

    def work(self) -> list[str]:
        """Hand in each part that is asked for; return the ids of the people."""
        edges = self._api.ask(self._role, STEPS, system=self._name).data["exportSteps"]["edges"]
        people = []
        for step in (edge["node"] for edge in edges):
            held = {reference: self._held[reference] for reference in step["references"] if reference in self._held}
            answer = hand_in(self._api, self._role, step["id"], json.dumps(held).encode())
            assert answer.status_code == 200, answer.text
            people.append(str(step["subjectId"]))
        return people


class WebhookSystem:
    """Takes webhooks, checks their signatures with the secret that it was given, and keeps them until it has time."""

    def __init__(self, api: Api, role: str, held: dict[str, Any]) -> None:
        self.secret = b""
        self.messages: list[dict[str, Any]] = []
        self.refused = 0
        self._api = api
        self._role = role
        self._held = held

    def take(self, headers: Any, body: bytes) -> int:
        """Check a message; return the status of the response."""
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = "v1," + base64.b64encode(hmac.digest(self.secret, signed, hashlib.sha256)).decode()
        if not hmac.compare_digest(expected, headers["webhook-signature"]):
            self.refused += 1
            return 401
        self.messages.append(json.loads(body))
        return 202

    def hand_in(self, message: dict[str, Any]) -> httpx2.Response:
        """Hand in the part that a message asks for, at the path that it names."""
        content = {reference: self._held[reference] for reference in message["data"]["references"]}
        assert message["data"]["path"] == f"/exports/{message['data']['stepId']}"
        return hand_in(self._api, self._role, message["data"]["stepId"], json.dumps(content).encode())


@contextmanager
def listening(system: WebhookSystem) -> Iterator[str]:
    """Serve the webhooks of a system on a loopback port; yield their URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(system.take(self.headers, body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Write no log."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    thread.join(30)
    server.server_close()
