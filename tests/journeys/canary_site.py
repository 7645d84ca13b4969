"""A server of a test's own, a person of whom every value is a canary, and the search for them in all that is stored."""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cli.embedded import Cluster
from cli.embedded.data_dir import resolve_data_path
from mailers.message import Sender
from mailers.transport_factory import create_transport_factory
from tests.conftest import ROOT, Api, Databases, Running, Templates, issued, settings_for
from tests.journeys.isolated_databases import open_world, two_databases
from tests.people import CARD, GRANT, RECORD_SYNC, STORE_CARD, SYNC
from tests.test_canaries import encodings, word
from workers.email_worker import EmailWorker

CORRECT = "mutation($who: SubjectBy!, $new: String!) { correctSubject(subject: $who, input: {addEmail: $new}) { id } }"
PAGE = "query($who: SubjectBy!) { subject(by: $who) { emails { address } displayName } }"
MARK = word()
"""Stands in every value, and nowhere else."""
CANARIES = {
    "address": f"{MARK}.primary@example.com",
    "second": f"{MARK}.second@example.org",
    "name": f"{MARK} Nameson",
    "account": f"{MARK}-account-771",
    "card": f"{MARK}-card-772",
    "sync": f"{MARK}-sync-773",
    "app": f"{MARK}App",
    "version": f"{MARK}-9.9",
    "platform": f"{MARK}OS",
    "agent": f"{MARK}Agent/774 (Nest)",
    "file": f"{MARK} Tagebuch für 775.txt",
    "error": f"{MARK} said by the forum 776",
}


def hashes() -> Iterator[bytes]:
    """Return the unkeyed hashes by which a known value can be searched."""
    for value in CANARIES.values():
        for form in {value.encode(), value.lower().encode()}:
            for digest in (hashlib.sha256, hashlib.sha1, hashlib.md5):
                yield digest(form).digest()
                yield digest(form).hexdigest().encode()


FORMS = [*dict.fromkeys(encodings(MARK))]
HASHES = [*hashes()]
MUCH = 4_000_000
"""Octets of a place beyond which it is not searched for hashes: what is in the files is in the dumps, too."""


class Search:
    """A search for canaries, which looks at each content once: most of a server's files do not change."""

    def __init__(self, before: dict[str, bytes]) -> None:
        """Leave out what was there before any canary was sent anywhere."""
        self._clean = {hashlib.sha256(octets).digest() for octets in before.values()}

    def places_with_canaries(self, places: dict[str, bytes]) -> list[str]:
        matches = []
        for place, octets in places.items():
            digest = hashlib.sha256(octets).digest()
            if digest not in self._clean:
                if any(form in octets for form in (FORMS if len(octets) > MUCH else FORMS + HASHES)):
                    matches.append(place)
                else:
                    self._clean.add(digest)
        return matches


class Site(NamedTuple):
    """A server of our own, of which every file may be read, and the service on it."""

    cluster: Cluster
    databases: Databases
    api: Api
    search: Search

    def canary_places(self) -> list[str]:
        """Return where a canary is in what is kept."""
        return self.search.places_with_canaries(self.kept())

    def kept(self) -> dict[str, bytes]:
        """Return all stored bytes: a dump of each database and the server's files with the write-ahead log."""
        return kept(self.cluster, self.databases)


def kept(cluster: Cluster, databases: Databases) -> dict[str, bytes]:
    cluster.run("psql", "-c", "CHECKPOINT")
    places = {
        name: cluster.run("pg_dump", "-d", dsn.rpartition("/")[2].partition("?")[0]).encode()
        for name, dsn in {"privacy": databases.url, "keyring": databases.keyring_url}.items()
    }
    home = resolve_data_path(cluster.directory)
    return places | {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}


@contextlib.contextmanager
def open_site(worker_id: str, testrun_uid: str) -> Iterator[Site]:
    """Start a server and the service on it, and delete both at the end."""
    cluster = Cluster(ROOT / "var" / f"erased-{worker_id}", settings={"fsync": "off"})
    try:
        cluster.remove()
        cluster.start()
        templates = Templates(cluster, testrun_uid)
        with two_databases(templates, worker_id) as databases:
            # Every file of the server is searched: the templates would double them.
            templates.drop("template_privacy", "template_keyring")
            secrets = asyncio.run(issued(databases))
            with Running(settings_for(databases)) as url:
                api = Api(url, secrets)
                yield Site(cluster, databases, api, Search(kept(cluster, databases)))
                api.client.close()
    finally:
        cluster.remove()


def everything_known(api: Api) -> str:
    """Register a person of whom every value is a canary; return their id."""
    c = CANARIES
    fields = {"displayName": c["name"], "country": "DE", "account": {"system": "forum", "reference": c["account"]}}
    subject = api.register(c["address"], **fields)
    who = {"id": subject}
    assert api.ask("SUPPORT", CORRECT, who=who, new=c["second"]).data
    assert api.ask("STORE", GRANT, who=who, purpose="newsletter", channel="STORE").data
    assert api.ask("STORE", STORE_CARD, who=who, input={**CARD, "reference": c["card"]}).data
    client = {"app": c["app"], "version": c["version"], "platform": c["platform"], "userAgent": c["agent"]}
    files = [{"name": c["file"], "sizeBytes": 17, "modifiedAt": "2026-01-30T12:00:00Z"}]
    synced = {**SYNC, "reference": c["sync"], "client": client, "files": files}
    assert api.ask("SYNC", RECORD_SYNC, who=who, input=synced).data
    page = api.ask("SUPPORT", PAGE, who=who).data
    assert Search({}).places_with_canaries({"page": json.dumps(page).encode()}), "the search finds what is there"
    return subject


def mailed(databases: Databases, maildir: Path) -> bytes:
    """Send what is due; return what arrived."""

    async def sent() -> None:
        async with open_world(databases) as world:
            sender = Sender.read("privacy@example.org", None, "https://privacy.example.org")
            await EmailWorker(
                world.database, world.keyring, sender, create_transport_factory(f"maildir://{maildir}", "x.org")
            ).drain()

    asyncio.run(sent())
    return b"".join(path.read_bytes() for path in maildir.rglob("*") if path.is_file())
