"""Certificates verify offline against the published keys, also after keys are added or rewrapped."""

import asyncio
import re

import pytest

from models.audit import sealing, segments
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.erasure import certificates
from tests.conftest import Databases, World
from tests.models.erasure.erased_people import keyring_value, registered, request, requested, worker

pytestmark = pytest.mark.anyio


async def test_the_certificate_says_what_was_erased_and_verifies_offline(world: World) -> None:
    await registered(world, "ada@example.com")
    request_id = await requested(world, "ada@example.com")
    # What others write on the same server at this moment holds sealing up.
    segment, signer = None, segments.SegmentSigner(segments.SegmentSigner.generate())
    async with asyncio.timeout(30):
        while segment is None:
            async with world.database.transaction() as connection:
                segment = await sealing.seal_segment(connection, signer)
    await worker(world).drain()
    jws = (await request(world, request_id)).certificate
    assert jws
    async with world.keyring.pool.acquire() as connection:
        keys = (await certificates.published_keys(connection))["keys"]
    facts = certificates.verify_certificate(jws, keys)
    assert {"system": "privacy", "what": "mail addresses", "records": 1} in facts["erased"]
    assert facts["auditHead"] == {"segment": segment.number, "head": segment.head.hex()}
    assert not re.search(r"\bada\b|ada@", str(facts).lower())  # a hash may hold these letters
    head, body, signature = jws.split(".")
    changed = body[:-4] + ("AAAA" if body[-4:] != "AAAA" else "BBBB")
    for forged, key_set in ((f"{head}.{changed}.{signature}", keys), (jws, []), ("nonsense", keys)):
        with pytest.raises(certificates.InvalidCertificateError):
            certificates.verify_certificate(forged, key_set)


async def test_an_older_certificate_verifies_after_a_new_key_is_added(world: World) -> None:
    jws = (await certificates.current_signer(world.keyring)).sign({"sub": "sub_1"})
    async with world.keyring.pool.acquire() as connection:
        await certificates.add_key(world.keyring, connection)
        keys = (await certificates.published_keys(connection))["keys"]
    newer = (await certificates.current_signer(world.keyring)).sign({"sub": "sub_2"})
    assert len(keys) == 2
    assert certificates.verify_certificate(jws, keys) == {"sub": "sub_1"}
    assert certificates.verify_certificate(newer, keys) == {"sub": "sub_2"}
    with pytest.raises(certificates.InvalidCertificateError):
        certificates.verify_certificate(jws, keys[:1])


async def test_signing_keys_are_rewrapped_once_under_a_new_master_key(world: World, databases: Databases) -> None:
    before = await certificates.current_signer(world.keyring)
    version = world.keyring.master_keys.current + 1
    rotated = Keyring(world.keyring.pool, MasterKeys(f"{MasterKeys.generate(version)},{databases.master_key}"))
    assert sum([count async for count in certificates.rotate(rotated)]) == 1
    assert sum([count async for count in certificates.rotate(rotated)]) == 0
    assert await keyring_value(world, "SELECT master_version FROM signing_keys") == version
    assert (await certificates.current_signer(rotated)).kid == before.kid
