"""The desk in a thread beside the API of the tests, and agents that use it over HTTP as a browser without scripts."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any, Protocol

import httpx2
import uvicorn

from desk.app import create_app
from desk.settings import DeskSettings


@contextmanager
def desk_for(
    api_url: str,
    home: Path,
    secrets: dict[str, str],
    transport: httpx2.AsyncBaseTransport | None = None,
    **settings: Any,
) -> Iterator[str]:
    """Serve the desk on a port of its own, with these tokens; return its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    tokens = home / "tokens.json"
    tokens.write_text(json.dumps(secrets))
    read = DeskSettings.read(**({"api_url": api_url, "url": url, "demo_tokens": tokens} | settings))
    server = uvicorn.Server(
        uvicorn.Config(create_app(read, transport), host="127.0.0.1", port=port, access_log=False, log_config=None)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join(30)


class Agent:
    """One person at the desk."""

    def __init__(self, url: str, role: str = "", case: str = "case/1") -> None:
        self.url = url
        self.client = httpx2.Client(base_url=url, timeout=30, headers={"origin": url}, verify=False)
        self.page = self.client.get("/sign-in")
        if role:
            self.post("/sign-in", role=role)
        if role and case:
            self.post("/case", case=case)

    @property
    def text(self) -> str:
        """Return the words of the page, without elements, in one line."""
        body = re.sub(r"<(head|script|style)\b.*?</\1>", " ", self.page.text, flags=re.DOTALL)
        body = re.sub(r"</(?:p|div|td|th|h\d|li|dd|dt|button|option|label)>", " ", body)
        return " ".join(unescape(re.sub(r"<[^>]*>", "", body)).split())

    @property
    def csrf(self) -> str:
        match = re.search(r'name="csrf" value="([^"]+)"', self.page.text)
        return match[1] if match else ""

    def hidden_fields(self, element: str = "body") -> dict[str, str]:
        """Return the hidden fields of the page, from this element on."""
        part = self.page.text.partition(f"<{element}")[2]
        return {
            unescape(name): unescape(value)
            for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', part)
        }

    def open(self, path: str) -> str:
        """Open a page and return its words."""
        self.page = self.client.get(path, follow_redirects=True)
        return self.text

    def post(self, path: str, **fields: Any) -> str:
        """Send a form of the current page, and return the words of the page that follows."""
        sent = {"csrf": self.csrf, **fields}
        self.page = self.client.post(path, data=sent, follow_redirects=True)
        return self.text

    def find(self, query: str) -> str:
        """Search for a person and return the words of the page that follows."""
        return self.post("/search", query=query)


class SignIn(Protocol):
    """Signs an agent in."""

    def __call__(self, role: str = "", case: str = "case/1") -> Agent: ...
