"""``privacy erase``, ``erasure`` and ``systems``: plans, confirmations, limits and certificates."""

import asyncio
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx2
import pytest
from typer.testing import CliRunner

from api.settings import UnsafeSettingError
from cli.main import app
from tests.cli.commands import Ran, environment, start
from tests.conftest import ROOT, Api, Databases, World
from tests.models.erasure.erased_people import registered, requested
from tests.models.erasure.restored import certificates_of, published_keys, roll_back
from tests.readiness import readiness
from workers.erasure_worker import ErasureWorker

pytestmark = pytest.mark.anyio


async def privacy(
    *arguments: str, on: Databases | None = None, stdin: str = "", variables: Mapping[str, str] | None = None
) -> Ran:
    """Run the command inside this process, which spares each call the start of a Python."""
    env = {name: value for name, value in environment(on).items() if name.startswith("PRIVACY_")} | dict(
        variables or {}
    )
    done = await asyncio.to_thread(CliRunner().invoke, app, arguments, input=stdin, env=env)
    if done.exception is None or isinstance(done.exception, SystemExit):
        return Ran(done.exit_code, done.stdout, done.stderr)
    return Ran(2 if isinstance(done.exception, UnsafeSettingError) else 1, done.stdout, str(done.exception))


async def erased(world: World) -> int:
    return await ErasureWorker(
        world.database, world.keyring, issuer="https://privacy.example.com", backup_life=timedelta(days=183)
    ).drain()


def listed(path: Path, count: int) -> Path:
    path.write_text("email\n" + "".join(f"user{number}@example.com\n" for number in range(count)))
    return path


def hash_of(ran: Ran) -> str:
    match = re.search(r"^plan ([0-9a-f]{64})$", ran.out, re.MULTILINE)
    assert match, ran
    return match[1]


async def seeded(databases: Databases, count: int) -> None:
    ran = await privacy("seed", "--subjects", str(count), on=databases)
    assert ran.code == 0, ran.errors


async def test_many_are_planned_agreed_to_and_erased_and_the_rest_stay(
    world: World, databases: Databases, tmp_path: Path
) -> None:
    await seeded(databases, 40)
    source = listed(tmp_path / "people.csv", 11)
    shown = await privacy("erase", "--from", str(source), "--at-most-share", "0.5", on=databases, stdin="n\n")
    assert shown.count("people of 40 would be erased") == 10
    assert shown.count("lines name no person who can be erased") == 1
    assert shown.out.count("such as sub_") == 5
    assert await erased(world) == 0
    wrong = await privacy("erase", "--from", str(source), "--at-most-share", "0.5", "--plan", "0" * 64, on=databases)
    assert (wrong.code, "the plan has changed" in wrong.errors) == (2, True)
    done = await privacy(
        "erase", "--from", str(source), "--at-most-share", "0.5", "--plan", hash_of(shown), on=databases
    )
    assert "10 erasures requested" in done.out, done.errors
    assert "There is no cooling-off period" in done.out
    assert await erased(world) == 10
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM subjects WHERE status = 'ACTIVE'") == 30
        who = await connection.fetchval("SELECT DISTINCT attested_by FROM rights_requests")
        assert who.startswith("command line of ")
    again = await privacy("erase", "--from", str(source), "--at-most-share", "0.5", on=databases)
    assert again.count("people of 30 would be erased") == 0


async def test_stopped_and_run_again_everybody_is_asked_for_once(
    world: World, databases: Databases, tmp_path: Path
) -> None:
    await seeded(databases, 40)
    source = listed(tmp_path / "people.csv", 21)
    words = "erase", "--from", str(source), "--at-most-share", "1", "--rate", "10"
    running = await start(*words, on=databases, stdin=b"y\n", at=ROOT)
    async with asyncio.timeout(60), world.database.writers.acquire() as connection:
        while await connection.fetchval("SELECT count(*) FROM rights_requests") < 3:  # noqa: ASYNC110 -- no event marks a change of a table
            await asyncio.sleep(0.01)
    await running.kill()
    some = await erased(world)
    assert 3 <= some < 20
    again = await privacy("erase", "--from", str(source), "--at-most-share", "1", on=databases, stdin="y\n")
    assert again.count(f"people of {40 - some} would be erased") == 20 - some
    assert some + await erased(world) == 20
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM rights_requests") == 20


@pytest.mark.parametrize("limit", [("--at-most", "9", "--at-most-share", "1"), ("--at-most-share", "0.2")])
async def test_the_circuit_breaker_stops_before_anything_is_asked(
    world: World, databases: Databases, tmp_path: Path, limit: tuple[str, ...]
) -> None:
    await seeded(databases, 40)
    source = listed(tmp_path / "people.csv", 11)
    ran = await privacy("erase", "--from", str(source), *limit, on=databases, stdin="y\n")
    assert ran.code != 0
    assert "if this is intended" in ran.errors
    assert await erased(world) == 0


@pytest.mark.parametrize(
    "content",
    [
        "",
        "name\nx\n",
        "email\nnot an address\n",
        "id\nsub_1\n",
        "email,id\na,b\n",
        'email,note\na@example.com,"x\nb@example.com,y\n',
        "email\ra@example.com\r",
        "email\n\x00a@example.com\n",
    ],
)
async def test_a_file_that_names_nobody_well_is_refused_whole_and_not_repeated(
    databases: Databases, tmp_path: Path, content: str
) -> None:
    (tmp_path / "people.csv").write_text(content)
    ran = await privacy("erase", "--from", str(tmp_path / "people.csv"), on=databases)
    assert ran.code == 2
    assert "not an address" not in ran.errors + ran.out


async def test_a_certificate_is_checked_offline_against_the_published_keys(
    api: Api, world: World, databases: Databases, tmp_path: Path
) -> None:
    subject = api.register("ada@example.com")
    document = (
        "mutation($who: SubjectBy!) { requestErasure(subject: $who, channel: EMAIL, identity: ATTESTED, "
        "immediately: true) { id } }"
    )
    request = api.ask("ADMIN", document, who={"id": subject}).data["requestErasure"]["id"]
    await erased(world)
    steps = api.ask("STORE", '{ erasureSteps(system: "store") { edges { node { id } } } }').data["erasureSteps"][
        "edges"
    ]
    for step in steps:
        answer = "mutation($id: ID!) { completeErasureStep(id: $id, recordsErased: 1) { state } }"
        assert api.ask("STORE", answer, id=step["node"]["id"]).data
    await erased(world)
    rights_request = api.ask(
        "ADMIN", "query($id: ID!) { rightsRequest(id: $id) { certificate { jws } } }", id=request
    ).data
    jws = rights_request["rightsRequest"]["certificate"]["jws"]
    published = await asyncio.to_thread(httpx2.get, f"{api.url}/.well-known/jwks.json")
    (tmp_path / "jwks.json").write_text(published.text)
    (tmp_path / "certificate.jws").write_text(jws + "\n")
    good = await privacy("erasure", "verify", str(tmp_path / "certificate.jws"), "--keys", str(tmp_path / "jwks.json"))
    assert good.code == 0, good.errors
    assert json.loads(good.out)["jti"] == request
    head, _, signature = jws.split(".")
    (tmp_path / "certificate.jws").write_text(f"{head}.eyJqdGkiOiJyZXFfMCJ9.{signature}")
    assert (
        await privacy("erasure", "verify", str(tmp_path / "certificate.jws"), "--keys", str(tmp_path / "jwks.json"))
    ).code == 2
    (tmp_path / "jwks.json").write_text('{"keys": []}')
    (tmp_path / "certificate.jws").write_text(jws)
    assert (
        await privacy("erasure", "verify", str(tmp_path / "certificate.jws"), "--keys", str(tmp_path / "jwks.json"))
    ).code == 2


async def test_the_statements_of_replays_are_checked_with_their_certificate(
    world: World, databases: Databases, tmp_path: Path
) -> None:
    await registered(world, "ada@example.com")
    request_id = await requested(world, "ada@example.com")
    assert await erased(world) == 1
    await roll_back(world)
    replayed = await privacy("restore", "replay", on=databases)
    assert "1 people erased again" in replayed.out, replayed.errors
    certificate, statements = await certificates_of(world, request_id)
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": await published_keys(world)}))
    (tmp_path / "certificate.jws").write_text(certificate)
    (tmp_path / "replays.txt").write_text("\n".join(statements))
    arguments = ["erasure", "verify", str(tmp_path / "certificate.jws"), "--keys", str(tmp_path / "jwks.json")]
    good = await privacy(*arguments, "--replays", str(tmp_path / "replays.txt"))
    assert good.code == 0, good.errors
    assert f'"certificateSha256": "{hashlib.sha256(certificate.encode()).hexdigest()}"' in good.out
    (tmp_path / "replays.txt").write_text(certificate)
    assert (await privacy(*arguments, "--replays", str(tmp_path / "replays.txt"))).code == 2


async def test_systems_are_registered_listed_renewed_and_removed(clean: Databases, tmp_path: Path) -> None:
    added = await privacy("systems", "add", "forum", "--webhook", "https://f.example.org/x", on=clean)
    assert added.out.startswith("whsec_")
    assert (await privacy("systems", "add", "search", "--always", on=clean)).code == 0
    both = await privacy("systems", "list", on=clean)
    assert both.out == "forum  https://f.example.org/x\nsearch  by pull  always\n"
    renewed = await privacy("systems", "secret", "forum", "--renew", on=clean)
    assert renewed.out.startswith("whsec_")
    assert renewed.out != added.out
    assert (await privacy("systems", "remove", "forum", on=clean)).code == 0
    assert (await privacy("systems", "remove", "forum", on=clean)).code == 2


async def test_a_backup_that_is_kept_too_long_is_named_until_it_is_removed(
    api: Api, clean: Databases, tmp_path: Path
) -> None:
    run = await privacy("backup", "--to", str(tmp_path), on=clean, variables={"PRIVACY_BACKUP_LIFE": "1s"})
    assert run.code == 0, run.errors
    [path] = await asyncio.to_thread(lambda: list(tmp_path.glob("*.dump")))
    connection = await asyncpg.connect(clean.keyring_url)
    await connection.execute("UPDATE backup_sets SET expires_at = now() - interval '1 second'")
    await connection.close()
    assert f"{path.name}  OVERDUE: delete every copy, due " in (await privacy("backups", "list", on=clean)).out
    answer = await asyncio.to_thread(readiness, api.url)
    assert answer.status_code == 200
    assert path.name in answer.json()["backups"]
    metrics = await asyncio.to_thread(httpx2.get, f"{api.url}/metrics")
    assert "privacy_backups_expired 1.0" in metrics.text
    assert (await privacy("backups", "removed", path.name, on=clean)).code == 0
    answer = await asyncio.to_thread(readiness, api.url)
    assert answer.json()["backups"] == "ok"
    assert "removed" in (await privacy("backups", "list", on=clean)).out
