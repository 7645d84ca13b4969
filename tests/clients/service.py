"""Serves on a PostgreSQL of its own, with the demo people and a token for each role."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cli import demo
from cli.databases import OpenDatabases
from cli.embedded import Cluster
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.database import Database
from tests.conformance.__main__ import databases_on
from tests.conftest import ROOT, Databases, Running, settings_for

FOLDER = ROOT / "var" / "clients"
AUDIENCE = "https://privacy.example.com"
"""The audience of the tokens of the identity provider."""


class Service(NamedTuple):
    """Where a service is, and the file with a token for each role."""

    url: str
    tokens: Path
    provider_port: int
    """The port of the identity provider whose tokens it accepts. The step that needs one starts it."""

    def token(self, role: str) -> str:
        """Return the token of a role."""
        return str(json.loads(self.tokens.read_text())[role])


async def _register(databases: Databases, tokens: Path) -> None:
    database = await Database.open(databases.url, databases.keyring_url, readers=1, writers=1, timeout=10)
    keyring = Keyring(database.keyring, MasterKeys(databases.master_key))
    await keyring.load()
    opened = OpenDatabases(database, keyring)
    await demo.register_people(opened)
    await demo.issue_tokens(opened, tokens)
    await database.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def service() -> Iterator[Service]:
    """Run a service until the block ends."""
    with Cluster(FOLDER, settings={"fsync": "off"}) as cluster:
        databases = databases_on(cluster)
        tokens = FOLDER / "tokens.json"
        asyncio.run(_register(databases, tokens))
        port = _free_port()
        issuer = f"http://localhost:{port}/company"
        accepted = {"jwks_url": f"{issuer}/jwks", "jwt_issuer": issuer, "jwt_audience": AUDIENCE}
        with Running(settings_for(databases, log_requests=False, **accepted)) as url:
            yield Service(url, tokens, port)
