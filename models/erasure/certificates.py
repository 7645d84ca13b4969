"""Erasure certificates: a signed statement (JWS, EdDSA) of what was erased, where and when, without personal values."""

import base64
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import CheckConstraint, SmallInteger, text

from models.encryption.key_store import KeyStore, new_secret
from models.encryption.keyring import Keyring
from models.storage.columns import Bytes, ErasureAction, KeyringTable, Text, Timestamp, column
from models.storage.statement import Connection, Statement

TYPE = "erasure-certificate+jws"


class SigningKeyRow(KeyringTable, table=True):
    """A key pair that signs certificates. The private key is wrapped by the master key; the public key is published."""

    __tablename__ = "signing_keys"
    __table_args__ = (CheckConstraint("octet_length(public) = 32", name="public_half_is_ed25519"),)

    kid: str = column(Text, ErasureAction.IMPERSONAL, primary_key=True)
    master_version: int = column(SmallInteger, ErasureAction.IMPERSONAL)
    wrapped: bytes = column(Bytes, ErasureAction.IMPERSONAL)
    public: bytes = column(Bytes, ErasureAction.IMPERSONAL)
    created_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL, server_default=text("clock_timestamp()"))


SIGNING_KEYS: KeyStore[str] = KeyStore(SigningKeyRow, "kid", str.encode)

KEYS = Statement("""
SELECT kid, master_version, wrapped, public
FROM signing_keys
ORDER BY created_at DESC, kid
""")

PUBLIC_KEYS = Statement("""
SELECT kid, public
FROM signing_keys
ORDER BY created_at DESC, kid
""")

LOCK_KEYS = Statement("""
SELECT pg_advisory_xact_lock(5302)
""")

INSERT_KEY = Statement("""
INSERT INTO signing_keys (kid, master_version, wrapped, public)
VALUES (:kid, :master_version, :wrapped, :public)
""")


class CertificateSigner(NamedTuple):
    """An unwrapped signing key."""

    kid: str
    key: Ed25519PrivateKey

    def sign(self, claims: Mapping[str, Any], statement_type: str = TYPE) -> str:
        """Return the claims as a compact JWS (RFC 7515, RFC 8037) whose header names the type of the statement."""
        return jwt.api_jws.encode(
            orjson.dumps(claims), self.key, algorithm="EdDSA", headers={"kid": self.kid, "typ": statement_type}
        )


async def current_signer(keyring: Keyring) -> CertificateSigner:
    """Return the newest signing key. Create the first key when there is none."""
    async with keyring.pool.acquire() as connection, connection.transaction():
        if (row := await KEYS.row(connection)) is None:
            await LOCK_KEYS.value(connection)
            if (row := await KEYS.row(connection)) is None:
                await add_key(keyring, connection)
                row = await KEYS.row(connection)
    assert row  # noqa: S101 -- created above when it was missing
    kid, version, wrapped, _ = row
    secret = SIGNING_KEYS.unwrap(keyring.master_keys, kid, version, wrapped)
    return CertificateSigner(kid, Ed25519PrivateKey.from_private_bytes(secret))


async def add_key(keyring: Keyring, connection: Connection) -> None:
    """Create a signing key. It signs all later certificates; older keys remain published for verification."""
    secret, kid = new_secret(), base64.urlsafe_b64encode(os.urandom(12)).decode()
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    wrapped = SIGNING_KEYS.wrap(keyring.master_keys, kid, secret)
    await INSERT_KEY.run(
        connection, kid=kid, master_version=keyring.master_keys.current, wrapped=wrapped, public=public
    )


def rotate(keyring: Keyring) -> AsyncIterator[int]:
    """Rewrap the signing keys under the current master key; yield the size of each batch."""
    return SIGNING_KEYS.rotate(keyring.pool, keyring.master_keys)


async def published_keys(connection: Connection) -> dict[str, Any]:
    """Return the public keys as a JSON Web Key Set (RFC 7517)."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "use": "sig",
                "alg": "EdDSA",
                "kid": kid,
                "x": base64.urlsafe_b64encode(public).rstrip(b"=").decode(),
            }
            for kid, public in await PUBLIC_KEYS.rows(connection)
        ]
    }


class InvalidCertificateError(Exception):
    """No published key signed this certificate, or the certificate was changed after signing."""


def verify_certificate(jws: str, keys: Sequence[Mapping[str, Any]], statement_type: str = TYPE) -> dict[str, Any]:
    """Return the claims of a certificate, or of another signed statement of this type.

    Raise InvalidCertificateError when no published key verifies it, or when it is a statement of another type.
    """
    try:
        header = jwt.get_unverified_header(jws)
        kid = header.get("kid")
        if header.get("typ") != statement_type:
            raise InvalidCertificateError("it is a statement of another type")
        key = next((jwt.PyJWK(dict(key)) for key in keys if key.get("kid") == kid), None)
        if key is None:
            raise InvalidCertificateError("no published key has the name that the certificate gives")
        claims: dict[str, Any] = orjson.loads(jwt.api_jws.decode(jws, key, algorithms=["EdDSA"]))
    except (jwt.PyJWTError, ValueError, TypeError):
        raise InvalidCertificateError("the signature does not fit") from None
    return claims


def read_claims(jws: str) -> dict[str, Any]:
    """Return the claims of a certificate of the ledger, without verifying its signature."""
    claims: dict[str, Any] = orjson.loads(jwt.api_jws.decode(jws, options={"verify_signature": False}))
    return claims
