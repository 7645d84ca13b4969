"""A copy holds every value of its person, all of them canaries, and nothing is left of it after its end."""

import base64
import email
import email.policy
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from models.erasure import certificates, systems
from models.erasure.systems import SystemRow
from models.exports.building import MANIFEST_TYPE
from tests.conftest import ROOT, World
from tests.journeys.canary_site import CANARIES, MARK, Search, Site, everything_known, mailed
from tests.journeys.exports import SHOWN, begin_export, drain_exports, execute, in_world, unpacked, values
from tests.journeys.isolated_databases import drain_isolated_erasures
from tests.journeys.systems import PullSystem, WebhookSystem, listening
from tests.json_schema import problems
from tests.test_canaries import occurring, word
from workers.webhook_client import WebhookClient
from workers.webhook_worker import WebhookWorker

ERASE = """mutation Erase($who: SubjectBy!) {
  requestErasure(subject: $who, channel: WEBSITE, identity: ATTESTED, immediately: true) { id state }
}"""
PARTS = {"orders": f"{MARK} ordered a lamp for 781", "posts": f"{MARK} wrote 782 letters <b>\u0000</b>"}
LINK = r"/e/[\w-]{43}"
CODE = r"\b[2-9A-Z]{4}-?[2-9A-Z]{4}\b"
LONG = {"posts": [f"{MARK} long part {number}" for number in range(20_000)]}


def letters_to(maildir: Path, address: str) -> list[str]:
    """Return the texts of the letters to an address."""
    texts = []
    for path in (path for path in maildir.rglob("*") if path.is_file()):
        message: Any = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if address.lower() in str(message["to"]).lower():
            texts.append(str(message.get_body(("plain",)).get_content()))
    return texts


def in_letters(maildir: Path, pattern: str) -> set[str]:
    """Return what matches in the letters to the person."""
    return {match for text in letters_to(maildir, CANARIES["address"]) for match in re.findall(pattern, text)}


async def register_forum(world: World, url: str) -> bytes:
    """Register the forum as an operator does; return the secret of its webhooks."""
    async with world.database.transaction() as connection:
        await systems.register(connection, "forum", url, is_always_concerned=False)
    shown = systems.display_secret(world.keyring.master_keys, SystemRow("forum", url, False, 1))
    return base64.b64decode(shown.removeprefix("whsec_"))


async def send_webhooks(world: World) -> int:
    client = WebhookClient(world.keyring.master_keys, timeout=10)
    return await WebhookWorker(world.database, world.keyring, client).round()


@pytest.mark.timeout(300)
def test_a_copy_holds_every_value_of_its_person_and_leaves_none_behind(  # noqa: PLR0915 -- one journey from end to end
    site: Site, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    api, databases, mail = site.api, site.databases, tmp_path / "mail"
    # What is stored is not compressed, so that a search of the files finds what is in it.
    for table, column in (("export_chunks", "content"), ("letters", "context"), ("export_steps", "reference_list")):
        execute(databases, f"ALTER TABLE {table} ALTER {column} SET STORAGE EXTERNAL")
    subject = everything_known(api)
    stranger = word()
    other = api.register(f"{stranger}@example.com", displayName=stranger, account={"system": "forum", "reference": "x"})
    store = PullSystem(api, "STORE", "store", {CANARIES["card"]: PARTS["orders"]})
    forum = WebhookSystem(api, "SERVICE", {CANARIES["account"]: [PARTS["posts"], LONG], "x": stranger})
    with listening(forum) as url:
        forum.secret = in_world(databases, lambda world: register_forum(world, url))
        request = begin_export(api, databases, subject)
        begin_export(api, databases, other)
        assert sorted(store.work()) == sorted([subject, other])
        assert in_world(databases, send_webhooks) == 2
        assert in_world(databases, send_webhooks) == 0
    assert forum.refused == 0
    [message] = [each for each in forum.messages if each["data"]["subjectId"] == subject]
    assert (message["type"], message["data"]["requestId"]) == ("export.requested", request)
    [strange] = [each for each in forum.messages if each["data"]["subjectId"] == other]
    assert forum.hand_in(strange).status_code == 200
    # The part is due, and the forum is late: it hands in before the export is built, and once more afterwards.
    execute(databases, "UPDATE rights_requests SET due_at = now() + interval '23 hours'")
    assert forum.hand_in(message).status_code == 200
    drain_exports(databases)
    assert api.ask("SUPPORT", SHOWN, id=request).data["rightsRequest"]["state"] == "COMPLETED"
    assert forum.hand_in(message).status_code == 409
    assert site.canary_places() == [], "while the export can be fetched"

    # The person reads the letter, opens the link, asks for a code, reads the other letter, and fetches the archive.
    mailed(databases, mail)
    [link] = in_letters(mail, LINK)
    assert api.client.get(link).status_code == 200
    before = in_letters(mail, CODE)
    assert api.client.post(link, data={"send": "code"}).status_code == 200
    mailed(databases, mail)
    [code] = in_letters(mail, CODE) - before
    archive = api.client.post(link, data={"code": code})
    assert archive.headers["content-type"] == "application/zip"
    files = unpacked(archive.content)
    assert set(files) == {"export.json", "export.html", "SHA256SUMS", "SHA256SUMS.jws"}
    keys = api.client.get("/.well-known/jwks.json").json()["keys"]
    manifest = certificates.verify_certificate(files["SHA256SUMS.jws"].decode().strip(), keys, MANIFEST_TYPE)
    assert manifest["files"]["export.html"] == hashlib.sha256(files["export.html"]).hexdigest()
    document = json.loads(files["export.json"])
    assert list(problems(json.loads((ROOT / "docs" / "export-1.schema.json").read_text()), document)) == []
    parts = {part["system"]: (part["state"], part["data"]) for part in document["systems"]}
    assert parts == {
        "store": ("HANDED_IN", {CANARIES["card"]: PARTS["orders"]}),
        "forum": ("HANDED_IN", {CANARIES["account"]: [PARTS["posts"], LONG]}),
        "sync": ("NOT_HANDED_IN", None),
    }
    text = json.dumps(document, ensure_ascii=False)
    expected = [value for name, value in CANARIES.items() if name != "error"]
    assert [value for value in expected if value not in text] == []
    html = files["export.html"].decode()
    assert [value for value in expected if value not in html] == []
    assert "<b>" not in html
    for content in files.values():
        assert occurring([stranger, other], content) == []

    # After its end, and after the erasure of a person with another export, no canary is in anything that is stored.
    assert site.canary_places() == [], "after the download"
    execute(databases, "UPDATE exports SET expires_at = now()")
    assert drain_exports(databases) > 0
    assert values(databases, "SELECT number FROM export_chunks") == []
    assert api.client.get(link).status_code == 404
    assert site.canary_places() == [], "after the expiry"
    assert begin_export(api, databases, subject) != request
    store.work()
    execute(databases, "UPDATE rights_requests SET due_at = now() WHERE kind = 'ACCESS'")
    drain_exports(databases)
    assert values(databases, "SELECT count(*) > 0 FROM export_chunks") == [True]
    assert api.ask("ADMIN", ERASE, who={"id": subject}).data
    assert drain_isolated_erasures(databases) == 1
    assert values(databases, "SELECT number FROM export_chunks") == []
    kept = site.kept()
    assert any("/pg_wal/" in place for place in kept)
    captured = capfd.readouterr()
    assert site.search.places_with_canaries(kept | {"log": (captured.out + captured.err).encode()}) == []
    # The search finds what it looks for: a value in plain text, though its table is gone.
    execute(databases, f"CREATE TABLE plain AS SELECT '{MARK}' AS value")
    execute(databases, "DROP TABLE plain")
    assert any("/pg_wal/" in place for place in Search({}).places_with_canaries(site.kept()))
