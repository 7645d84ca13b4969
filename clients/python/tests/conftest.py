"""Fixtures: a running service with its demo people, and a server whose answers a test writes."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from privacy_client import PrivacyClient
from scripted import Scripted


@pytest.fixture(scope="session")
def url() -> str:
    """Return the address of a service with demo people, such as ``make serve`` starts."""
    return f"{os.environ.get('PRIVACY_URL', 'http://127.0.0.1:8000')}/graphql"


@pytest.fixture(scope="session")
def tokens() -> dict[str, str]:
    """Return a token for each role, from the file that ``make serve`` writes."""
    default = Path(__file__).parents[3] / "var" / "demo-tokens.json"
    secrets: dict[str, str] = json.loads(Path(os.environ.get("PRIVACY_TOKENS", default)).read_text())
    return secrets


@pytest.fixture
def store(url: str, tokens: dict[str, str]) -> Iterator[PrivacyClient]:
    """Return a client with the role STORE."""
    with PrivacyClient(url, tokens["STORE"]) as client:
        yield client


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """Return a server without answers."""
    server = Scripted()
    thread = Thread(target=server.server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.server.shutdown()
    thread.join()
    server.server.server_close()
