"""``privacy receipt verify`` verifies a receipt offline, and refuses a changed one and another statement."""

import asyncio
from pathlib import Path

import httpx2
import pytest

from models.erasure import certificates
from tests.cli.commands import privacy
from tests.conftest import Api, World
from tests.people import GRANT
from tests.resolvers.test_receipts import receipt

pytestmark = pytest.mark.anyio


def issue(api: Api) -> str:
    person = api.register("ada@example.com")
    assert api.ask("STORE", GRANT, who={"id": person}, purpose="newsletter", channel="STORE").data
    return str(receipt(api, "STORE", person)["jws"])


async def test_a_receipt_is_verified_offline(world: World, api: Api, tmp_path: Path) -> None:
    jws = await asyncio.to_thread(issue, api)
    keys = await asyncio.to_thread(httpx2.get, f"{api.url}/.well-known/jwks.json")
    (tmp_path / "jwks.json").write_bytes(keys.content)
    (tmp_path / "receipt.jws").write_text(jws + "\n")
    verified = await privacy("receipt", "verify", "receipt.jws", at=tmp_path)
    assert verified.code == 0, verified.errors
    assert '"event_state": "consent given"' in verified.out
    head, content, signature = jws.split(".")
    other = (await certificates.current_signer(world.keyring)).sign({"pii_principal_id": "sub_1"})
    for name, changed in (("changed", ".".join((head, content[:-2] + "AA", signature))), ("other", other)):
        (tmp_path / name).write_text(changed)
        refused = await privacy("receipt", "verify", name, at=tmp_path)
        assert refused.code == 2
        assert "not a consent receipt of this service" in refused.errors
    missing = await privacy("receipt", "verify", "receipt.jws", "--keys", "none.json", at=tmp_path)
    assert (missing.code, "the published keys cannot be read" in missing.errors) == (2, True)
