"""Signed statements of replays: which records of a person a replay after a restore erased again, and when.

A statement names the certificate of the erasure by its SHA-256. The certificate itself stays as it was signed.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from models.erasure import certificates
from models.erasure.certificates import CertificateSigner, InvalidCertificateError
from models.erasure.ledger import LedgerEntry
from models.erasure.scope import SERVICE_NAME
from models.storage.ids import Prefix, format_id

TYPE = "erasure-replay+jws"


def digest(jws: str) -> str:
    """Return the SHA-256 of a JWS in hexadecimal digits."""
    return hashlib.sha256(jws.encode()).hexdigest()


def counted(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return the counts by category as certificates list them."""
    return [{"system": SERVICE_NAME, "what": what, "records": count} for what, count in counts.items()]


def sign_replay(  # noqa: PLR0913 -- each is a part of the statement
    signer: CertificateSigner,
    entry: LedgerEntry,
    counts: Mapping[str, int],
    *,
    issuer: str,
    replayed_at: datetime,
    certificate: str | None,
) -> str:
    """Return the statement of one replay. ``certificate`` is None while the erasure waits for other systems."""
    return signer.sign(
        _identity(entry, issuer, replayed_at)
        | {
            "keyDestroyedAt": entry.erased_at,
            "replayedAt": replayed_at,
            "erasedAgain": counted(counts),
            "certificateSha256": digest(certificate) if certificate else None,
        },
        TYPE,
    )


def sign_entry(
    signer: CertificateSigner, entry: LedgerEntry, *, issuer: str, issued_at: datetime, clear_at: datetime
) -> str:
    """Return a certificate of what a ledger entry without its first certificate still proves."""
    erased = {} if entry.erased is None else {"erased": counted(orjson.loads(entry.erased))}
    return signer.sign(
        _identity(entry, issuer, issued_at)
        | {
            "reason": entry.reason,
            "receivedAt": entry.received_at,
            "keyDestroyedAt": entry.erased_at,
            "completedAt": entry.completed_at,
            "backupsClearAt": clear_at,
            "source": "erasure ledger",
        }
        | erased
    )


def verify_replay(jws: str, certificate: str, keys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the claims of a statement about this certificate. Raise InvalidCertificateError for another one."""
    claims = certificates.verify_certificate(jws, keys, TYPE)
    first = certificates.verify_certificate(certificate, keys)
    is_listed = digest(jws) in first.get("replays", ())
    if claims.get("certificateSha256") != digest(certificate) and not is_listed:
        raise InvalidCertificateError("the statement of the replay is about another certificate")
    return claims


def _identity(entry: LedgerEntry, issuer: str, issued_at: datetime) -> dict[str, Any]:
    return {
        "iss": issuer,
        "iat": int(issued_at.timestamp()),
        "jti": format_id(Prefix.RIGHTS_REQUEST, entry.request_id),
        "sub": format_id(Prefix.SUBJECT, entry.subject_id),
    }
