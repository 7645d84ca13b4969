"""``privacy audit certificate`` compares the head that a certificate states with the log."""

import json
from pathlib import Path

import pytest

from models.audit.segments import SegmentSigner
from models.erasure import certificates
from tests.cli.test_bulk_erasure import privacy
from tests.conftest import Databases, World
from tests.models.audit.sample_log import seal_all, write_events
from tests.models.erasure.erased_people import registered, requested, worker
from tests.models.erasure.restored import certificates_of, published_keys

pytestmark = pytest.mark.anyio
KEY = SegmentSigner.generate()


async def test_the_head_of_a_certificate_is_compared_with_the_log(
    world: World, databases: Databases, tmp_path: Path
) -> None:
    await write_events(world.database, 2)
    await seal_all(world.database, SegmentSigner(KEY))
    await registered(world, "ada@example.com")
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    certificate, _ = await certificates_of(world, request_id)
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": await published_keys(world)}))
    path = tmp_path / "certificate.jws"
    arguments = ("audit", "certificate", str(path), "--keys", str(tmp_path / "jwks.json"))
    key = {"PRIVACY_AUDIT_KEY": KEY}

    path.write_text(certificate)
    equal = await privacy(*arguments, on=databases, variables=key)
    assert (equal.code, equal.out) == (0, "segment 1: the chain has this segment with this head\n"), equal.errors

    signer = await certificates.current_signer(world.keyring)
    claims = certificates.read_claims(certificate)
    for head, words in (
        ({"segment": 1, "head": "00" * 32}, "the chain has another segment with this number"),
        ({"segment": 9, "head": "00" * 32}, "the chain has no segment with this number"),
    ):
        path.write_text(signer.sign(claims | {"auditHead": head}))
        unequal = await privacy(*arguments, on=databases, variables=key)
        assert (unequal.code, unequal.out) == (1, f"segment {head['segment']}: {words}\n")
    path.write_text(certificate[:-4] + "AAAA")
    assert (await privacy(*arguments, on=databases, variables=key)).code == 2
