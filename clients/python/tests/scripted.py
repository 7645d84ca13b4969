"""A server whose answers a test writes: it stands for a service that fails."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Scripted:
    """A server that answers with what a test wrote, in order, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                scripted.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                scripted.headers.append({name.lower(): value for name, value in self.headers.items()})
                status, body = scripted.answers.pop(0)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Write no line."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/graphql"

    def data(self, **data: Any) -> None:
        """Answer with data."""
        self.answers.append((200, json.dumps({"data": data}).encode()))

    def error(self, code: str, status: int = 200, **extensions: Any) -> None:
        """Answer with an error of a code."""
        error = {"message": "No.", "extensions": {"code": code, **extensions}}
        self.answers.append((status, json.dumps({"errors": [error], "data": None}).encode()))
