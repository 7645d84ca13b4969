"""Internal systems that hold personal data, and how each is notified of an erasure.

No webhook secret is stored: it is derived from the master key, the system's name and the secret generation.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Boolean, CheckConstraint, Integer

from models.encryption.master_keys import MasterKeys
from models.erasure import webhook_targets
from models.erasure.webhook_targets import LOOPBACK_NETWORKS, Network
from models.storage.columns import ErasureAction, Table, Text, Timestamp, column
from models.storage.statement import Connection, Statement
from models.subjects.identifiers import parse_system_name


class System(Table, table=True):
    """A registered internal system. One without a webhook URL, or without a row, lists its steps through the API."""

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
    """A registered system as read from the table."""

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
    """Return all registered systems, ordered by name."""
    return {None: [SystemRow._make(row) for row in await ALL.rows(connection)]}


async def register(
    connection: Connection,
    name: str,
    webhook_url: str | None,
    *,
    is_always_concerned: bool,
    networks: Sequence[Network] = LOOPBACK_NETWORKS,
) -> None:
    """Register or update a system. Raise BAD_INPUT unless webhooks may be sent to the URL."""
    if webhook_url is not None:
        webhook_targets.validate_url(webhook_url, networks, "webhookUrl")
    await REGISTER.run(
        connection,
        name=parse_system_name(name, "name"),
        webhook_url=webhook_url,
        is_always_concerned=is_always_concerned,
    )


def signing_secrets(masters: MasterKeys, system: SystemRow) -> list[bytes]:
    """Return the system's webhook secrets, one for each version of the master key, the current version first."""
    return masters.derive_keys(f"webhook {system.name} {system.secret_generation}")


def display_secret(masters: MasterKeys, system: SystemRow) -> str:
    """Return the current secret in the ``whsec_`` form of Standard Webhooks libraries."""
    return f"whsec_{base64.b64encode(signing_secrets(masters, system)[0]).decode()}"


def sign(secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature header of a webhook (Standard Webhooks 1.0), one signature for each secret.

    Several signatures let the receiver verify during a rotation of the master key.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(
        f"v1,{base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()}" for secret in secrets
    )
