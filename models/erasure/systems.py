"""Internal systems: who else holds a person, and how each is told that somebody is to be erased.

No secret is kept: the one that signs a system's webhooks is derived from the master key, the system's name and a count.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import Boolean, CheckConstraint, Integer

from models.encryption.master_keys import MasterKeys
from models.errors import BadInput
from models.storage.columns import ErasureAction, Table, Text, Timestamp, column
from models.storage.statement import Connection, Statement
from models.subjects.identifiers import parse_system_name

URL_LENGTH = 500
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class System(Table, table=True):
    """An internal system that takes part in erasures; those that are not listed are told by pull alone."""

    __tablename__ = "systems"
    __table_args__ = (
        CheckConstraint("name ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(name) <= 32", name="system_is_a_name"),
        CheckConstraint("secret_generation > 0", name="generation_is_counted"),
    )

    name: str = column(Text, ErasureAction.IMPERSONAL, primary_key=True)
    webhook_url: str | None = column(Text, ErasureAction.IMPERSONAL, nullable=True)
    is_always_concerned: bool = column(Boolean, ErasureAction.IMPERSONAL)
    secret_generation: int = column(Integer, ErasureAction.IMPERSONAL, server_default="1")
    registered_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)


class SystemRow(NamedTuple):
    """A system as it is read."""

    name: str
    webhook_url: str | None
    is_always_concerned: bool
    secret_generation: int


ALL = Statement("""
SELECT name, webhook_url, is_always_concerned, secret_generation
FROM systems
ORDER BY name
""")

REGISTER = Statement("""
INSERT INTO systems (name, webhook_url, is_always_concerned, registered_at)
VALUES (:name, :webhook_url, :is_always_concerned, clock_timestamp())
ON CONFLICT (name) DO UPDATE
SET webhook_url = excluded.webhook_url, is_always_concerned = excluded.is_always_concerned
""")

ROTATE_SECRET = Statement("""
UPDATE systems
SET secret_generation = secret_generation + 1
WHERE name = :name
""")

REMOVE = Statement("""
DELETE FROM systems
WHERE name = :name
""")


async def all_systems(connection: Connection, _keys: Sequence[None]) -> dict[None, list[SystemRow]]:
    """Give all registered systems, by name."""
    return {None: [SystemRow._make(row) for row in await ALL.rows(connection)]}


async def register(connection: Connection, name: str, webhook_url: str | None, *, is_always_concerned: bool) -> None:
    """Register a system, or change how it is told; BAD_INPUT for a URL that would show a person on the way."""
    if webhook_url is not None:
        try:
            parts = urlsplit(webhook_url)
        except ValueError:
            raise BadInput("webhookUrl", "it is not a URL") from None
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        if not is_safe or not parts.hostname or len(webhook_url) > URL_LENGTH or parts.username or parts.fragment:
            raise BadInput("webhookUrl", "it is not an https:// URL (http:// only to this machine)")
    await REGISTER.run(
        connection,
        name=parse_system_name(name, "name"),
        webhook_url=webhook_url,
        is_always_concerned=is_always_concerned,
    )


def signing_secrets(masters: MasterKeys, system: SystemRow) -> list[bytes]:
    """Give what signs the system's webhooks: one secret for each version of the master key, the current first."""
    return masters.derive_keys(f"webhook {system.name} {system.secret_generation}")


def display_secret(masters: MasterKeys, system: SystemRow) -> str:
    """Give the current secret as Standard Webhooks libraries take it."""
    return f"whsec_{base64.b64encode(signing_secrets(masters, system)[0]).decode()}"


def sign(secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Sign a webhook (Standard Webhooks 1.0): one signature for each secret, so that keys can change hands."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(
        f"v1,{base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()}" for secret in secrets
    )
