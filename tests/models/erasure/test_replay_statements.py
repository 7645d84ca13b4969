"""Statements of replays belong to one certificate and are no certificates themselves."""

from datetime import timedelta

import pytest

from models.erasure import certificates, replay_statements
from models.erasure.certificates import InvalidCertificateError
from models.erasure.ledger import LedgerEntry
from models.storage.clock import now
from models.storage.ids import new_id
from tests.conftest import World
from tests.models.erasure.restored import published_keys

pytestmark = pytest.mark.anyio
ISSUER = "https://privacy.example.com"


def entry() -> LedgerEntry:
    at = now()
    return LedgerEntry(
        1, new_id(), new_id(), "REQUESTED", "EMAIL", "GDPR", "ATTESTED", at, at, at, at + timedelta(days=30), at, at
    )


async def test_a_statement_verifies_only_with_its_certificate(world: World) -> None:
    signer = await certificates.current_signer(world.keyring)
    keys = await published_keys(world)
    known = entry()
    first, other = (
        replay_statements.sign_entry(signer, known, issuer=issuer, issued_at=now(), clear_at=now())
        for issuer in (ISSUER, "https://other.example.com")
    )
    statement = replay_statements.sign_replay(
        signer, known, {"mail addresses": 2}, issuer=ISSUER, replayed_at=now(), certificate=first
    )
    claims = replay_statements.verify_replay(statement, first, keys)
    assert claims["erasedAgain"] == [{"system": "privacy", "what": "mail addresses", "records": 2}]
    with pytest.raises(InvalidCertificateError, match="another certificate"):
        replay_statements.verify_replay(statement, other, keys)
    with pytest.raises(InvalidCertificateError):
        replay_statements.verify_replay(statement[:-6] + "AAAAAA", first, keys)


async def test_a_statement_is_no_certificate_and_a_certificate_no_statement(world: World) -> None:
    signer = await certificates.current_signer(world.keyring)
    keys = await published_keys(world)
    known = entry()
    certificate = replay_statements.sign_entry(signer, known, issuer=ISSUER, issued_at=now(), clear_at=now())
    statement = replay_statements.sign_replay(
        signer, known, {}, issuer=ISSUER, replayed_at=now(), certificate=certificate
    )
    with pytest.raises(InvalidCertificateError, match="another type"):
        certificates.verify_certificate(statement, keys)
    with pytest.raises(InvalidCertificateError, match="another type"):
        replay_statements.verify_replay(certificate, certificate, keys)
