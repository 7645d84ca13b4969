"""People come in from an export: all of them, once, with what they chose, and nothing that may not."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import pytest

import migrations
from cli.bulk.input_file import MAX_LINE_BYTES
from cli.embedded import Cluster
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.database import Database
from tests.cli.commands import Ran, privacy, start
from tests.cli.people import PURPOSES, choices, expected, kept, person
from tests.conftest import Api, Databases, World

CANARY = "zebra"
CARD = "4111111111111111"
EMAIL = "person0@example.com"


def written(path: Path, lines: list[Any]) -> Path:
    path.write_bytes(
        b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    )
    return path


async def imported(databases: Databases, path: Path, *arguments: str) -> Ran:
    return await privacy("import", *arguments, path.name, on=databases, at=path.parent)


async def demand_right_answers(api: Api, people: list[dict[str, Any]]) -> None:
    """Compare the service's decisions for each person and purpose with the imported choices."""
    document = (
        "query($who: SubjectsBy!, $what: String!) { consentDecisions(subjects: $who, purpose: $what) { allowed } }"
    )
    for purpose in PURPOSES:
        needs_consent = purpose != "site-analytics"
        for begin in range(0, len(people), 1000):
            part = people[begin : begin + 1000]
            answer = api.ask("STORE", document, who={"emails": [each["email"] for each in part]}, what=purpose)
            expected_answers = [choices(each).get(purpose, not needs_consent) for each in part]
            assert [row["allowed"] for row in answer.data["consentDecisions"]] == expected_answers


@pytest.mark.anyio
@pytest.mark.parametrize("count", [200, 1000, pytest.param(10_000, marks=pytest.mark.fuzz)])
async def test_everybody_comes_in_and_their_decisions_are_right(
    api: Api, world: World, clean: Databases, tmp_path: Path, count: int
) -> None:
    people = [person(index) for index in range(count)]
    path = written(tmp_path / "people.jsonl", people)
    ran = await imported(clean, path)
    assert (ran.code, ran.count("people imported")) == (0, count)
    assert await kept(world) == {each["email"]: expected(each) for each in people}
    await demand_right_answers(api, people)

    again = await imported(clean, path)
    assert (again.code, again.count("people known before, unchanged")) == (0, count)
    assert await kept(world) == {each["email"]: expected(each) for each in people}
    assert os.listdir(tmp_path) == ["people.jsonl"]  # noqa: PTH208 -- names


@pytest.mark.anyio
async def test_killed_and_run_again_no_line_is_lost(world: World, clean: Databases, tmp_path: Path) -> None:
    people = [person(index) for index in range(1200)]
    bad = {"email": "not an address"}
    path = written(tmp_path / "people.jsonl", [bad, *people[:600], bad, *people[600:], bad])
    process = await start("import", path.name, on=clean, at=tmp_path)
    progress = tmp_path / "people.jsonl.progress"
    with anyio.fail_after(60):
        async with world.database.readers.acquire() as connection:
            # In the middle of the third chunk of lines.
            while await connection.fetchval("SELECT count(*) FROM subjects") < 300:  # noqa: ASYNC110 -- another process's
                await anyio.sleep(0.002)
    await process.kill()
    done = json.loads(progress.read_bytes())["done"]
    assert 256 <= done < 1203
    assert 300 <= len(await kept(world)) < 1200

    ran = await imported(clean, path)
    assert f"resuming after line {done:,}" in ran.errors
    assert await kept(world) == {each["email"]: expected(each) for each in people}
    rejects = [json.loads(line) for line in (tmp_path / "people.jsonl.rejects.jsonl").read_text().splitlines()]
    assert [(line["line"], line["code"]) for line in rejects] == [
        (1, "BAD_INPUT"),
        (602, "BAD_INPUT"),
        (1203, "BAD_INPUT"),
    ]
    assert (ran.code, ran.count("BAD_INPUT")) == (1, 3)
    # What was written between the last remembered chunk and the kill is seen again, as unchanged.
    assert ran.count("people imported") + ran.count("people known before, unchanged") == 1200
    assert not progress.exists()


CONSENT = {"purpose": "newsletter", "state": "GRANTED", "at": "2026-01-01T00:00:00Z"}
FRAGMENT = {"reference": "card", "lastDigits": "1234", "expiryMonth": 1, "expiryYear": 2030}
SYNC = {"reference": "sync", "storageBytes": 1, "fileCount": 1, "syncedAt": "2026-01-01T00:00:00Z"}
REJECTED: list[tuple[str, str | None, Any]] = [
    ("BAD_INPUT", "line", b'{"email": "zebra@example.com"'),
    ("BAD_INPUT", "line", b"\xffzebra"),
    ("BAD_INPUT", "line", b'{"email": "zebra\\ud800@example.com"}'),
    ("BAD_INPUT", "line", b'{"email": "' + b"zebra" * (MAX_LINE_BYTES // 5) + b'"}'),
    ("BAD_INPUT", "line", b"[" * 100_000),
    ("BAD_INPUT", "line", b'{"email": "zebra@example.com", "isUnder13": true, "isUnder13": false}'),
    ("BAD_INPUT", "line", b'{"email": "zebra@example.com", "consents": [], "consents": []}'),
    ("BAD_INPUT", "line", b'{"email": "zebra@example.com", "accounts": [{"system": "a", "system": "b"}]}'),
    ("BAD_INPUT", "line", [CANARY]),
    ("BAD_INPUT", "email", {}),
    ("BAD_INPUT", "email", {"email": "zebra"}),
    ("BAD_INPUT", "email", {"email": 7}),
    ("BAD_INPUT", "email", {"email": "zebra\x00@example.com"}),
    ("BAD_INPUT", "line", {"email": EMAIL, "zebra": 1}),
    ("BAD_INPUT", "accounts.0", {"email": EMAIL, "accounts": [{"system": "a", "reference": "b", "zebra": 1}]}),
    ("BAD_INPUT", "accounts.0.system", {"email": EMAIL, "accounts": [{"system": "ZEBRA", "reference": "b"}]}),
    ("BAD_INPUT", "additionalEmails.1", {"email": EMAIL, "additionalEmails": ["a@example.com", "zebra@"]}),
    ("BAD_INPUT", "displayName", {"email": EMAIL, "displayName": "zebra" * 2000}),
    ("BAD_INPUT", "country", {"email": EMAIL, "country": "zebra"}),
    ("UNKNOWN_PURPOSE", "consents.0.purpose", {"email": EMAIL, "consents": [CONSENT | {"purpose": CANARY}]}),
    ("PURPOSE_NOT_REFUSABLE", "consents.0.purpose", {"email": EMAIL, "consents": [CONSENT | {"purpose": "support"}]}),
    ("BAD_INPUT", "consents.0.state", {"email": EMAIL, "consents": [CONSENT | {"state": CANARY}]}),
    ("BAD_INPUT", "consents.0.at", {"email": EMAIL, "consents": [CONSENT | {"at": "9999-12-31T23:59:59Z"}]}),
    ("BAD_INPUT", "consents.0.at", {"email": EMAIL, "consents": [CONSENT | {"at": "0001-01-01T00:00:00+14:00"}]}),
    ("BAD_INPUT", "consents.0.at", {"email": EMAIL, "consents": [CONSENT | {"at": "2026-01-01T00:00:00"}]}),
    ("BAD_INPUT", "consents.0.channel", {"email": EMAIL, "consents": [CONSENT | {"channel": CANARY}]}),
    (
        "BAD_INPUT",
        "paymentFragments.0.lastDigits",
        {"email": EMAIL, "paymentFragments": [FRAGMENT | {"lastDigits": "12345"}]},
    ),
    ("BAD_INPUT", "paymentFragments.0", {"email": EMAIL, "paymentFragments": [FRAGMENT | {"zebra": "123"}]}),
    ("BAD_INPUT", "paymentFragments.1.reference", {"email": EMAIL, "paymentFragments": [FRAGMENT, FRAGMENT]}),
    ("BAD_INPUT", "syncAccounts.0.storageBytes", {"email": EMAIL, "syncAccounts": [SYNC | {"storageBytes": -1}]}),
    ("BAD_INPUT", "syncAccounts.0.storageBytes", {"email": EMAIL, "syncAccounts": [SYNC | {"storageBytes": 1e30}]}),
    ("CARD_NUMBER_REFUSED", None, {"email": EMAIL, "displayName": CARD}),
    ("CARD_NUMBER_REFUSED", None, {"email": EMAIL, CARD: 1}),
    ("CARD_NUMBER_REFUSED", None, {"email": EMAIL, "paymentFragments": [FRAGMENT | {"reference": int(CARD)}]}),
    ("CARD_NUMBER_REFUSED", None, {"email": EMAIL, "cardNumber": int(CARD)}),
    ("UNDERAGE", None, {"email": "zebra@example.com", "isUnder13": True}),
    ("UNDERAGE", None, {"email": 7, "isUnder13": True}),
]  # fmt: skip


@pytest.mark.anyio
async def test_bad_lines_are_listed_by_number_and_code_without_a_value(
    world: World, clean: Databases, tmp_path: Path
) -> None:
    path = written(tmp_path / "people.jsonl", [*(line for _, _, line in REJECTED), b"", b"  \r", {"email": EMAIL}])
    ran = await imported(clean, path)
    assert (ran.code, ran.count("people imported")) == (1, 1)
    rejects = (tmp_path / "people.jsonl.rejects.jsonl").read_text()
    listed = [json.loads(line) for line in rejects.splitlines()]
    assert [(line["line"], line["code"], line.get("argument")) for line in listed] == [
        (number, code, argument) for number, (code, argument, _) in enumerate(REJECTED, 1)
    ]
    for text in (rejects, ran.out, ran.errors):
        assert CANARY not in text.lower()
        assert CARD not in text
        assert "example.com" not in text
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM email_addresses") == 1


@pytest.mark.anyio
async def test_a_grant_from_before_the_first_policy_and_an_unknown_version_are_refused(
    world: World, clean: Databases, tmp_path: Path
) -> None:
    def line(number: int, **fields: str) -> dict[str, Any]:
        consent = {"purpose": "newsletter", "state": "GRANTED", "at": "2020-01-01T00:00:00Z"}
        return {"email": f"user{number}@example.com", "consents": [consent | fields]}

    lines = [
        line(0, at="2015-01-01T00:00:00Z"),
        line(1, at="1800-01-01T00:00:00Z", policyVersion="2018-05-24"),
        line(2, policyVersion="2017"),
        line(3, policyVersion="2018-05-24"),
        line(4, at="2015-01-01T00:00:00Z", state="WITHDRAWN"),
    ]
    path = written(tmp_path / "people.jsonl", lines)
    ran = await imported(clean, path)
    assert (ran.code, ran.count("people imported")) == (1, 2)
    rejects = [json.loads(text) for text in (tmp_path / "people.jsonl.rejects.jsonl").read_text().splitlines()]
    assert [(row["line"], row["code"], row["argument"]) for row in rejects] == [
        (1, "BAD_INPUT", "consents.0.at"),
        (2, "BAD_INPUT", "consents.0.at"),
        (3, "BAD_INPUT", "consents.0.policyVersion"),
    ]
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch(
            "SELECT choice ->> 0, choice ->> 3 FROM subjects, jsonb_path_query(choices, '$.*') AS choice ORDER BY 1"
        )
    assert [tuple(row) for row in rows] == [("GRANTED", "2018-05-24"), ("WITHDRAWN", "2018-05-24")]


@pytest.mark.anyio
async def test_byte_counts_of_real_storage_are_no_card_numbers(world: World, clean: Databases, tmp_path: Path) -> None:
    sizes = [378282246310005, int(CARD)]  # both are valid card numbers; only the second exceeds 2^50 bytes
    path = written(
        tmp_path / "people.jsonl",
        [{"email": EMAIL, "syncAccounts": [SYNC | {"storageBytes": size}]} for size in sizes],
    )
    result = await imported(clean, path)
    assert (result.code, result.count("people imported")) == (1, 1)


@pytest.mark.anyio
async def test_file_names_do_not_cost_a_line_and_card_numbers_in_them_are_counted(
    world: World, clean: Databases, tmp_path: Path
) -> None:
    names = ["Icon\r", f"IMG_{CARD}.jpg", CARD, "\ue000"]
    files = [{"name": name, "sizeBytes": 1, "modifiedAt": "2026-01-01T00:00:00Z"} for name in names]
    client = {"app": "Planner", "version": "1", "platform": "macOS", "userAgent": f"Planner/{CARD}"}
    line = {"email": EMAIL, "syncAccounts": [SYNC | {"files": files, "clients": [client]}]}
    path = written(tmp_path / "people.jsonl", [line, line | {"displayName": CARD}])
    ran = await imported(clean, path)
    assert (ran.code, ran.count("people imported")) == (1, 1)
    assert ran.count("file names replaced: they looked like card numbers") == 2
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM sync_files") == 4


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (json.dumps({"email": EMAIL}).encode("utf-16"), "save it as UTF-8"),
        (b'{"email": "a@example.com"}\r{"email": "b@example.com"}\r', "end with CR only"),
    ],
    ids=["UTF-16", "CR"],
)
async def test_a_file_whose_lines_have_no_clear_end_is_refused(
    clean: Databases, tmp_path: Path, content: bytes, sentence: str
) -> None:
    (tmp_path / "people.jsonl").write_bytes(content)
    ran = await imported(clean, tmp_path / "people.jsonl")
    assert ran.code == 2
    assert sentence in " ".join(ran.errors.replace("│", " ").split())
    assert "example.com" not in ran.errors + ran.out


@pytest.mark.anyio
async def test_an_opt_out_of_everything_outlives_an_import(api: Api, clean: Databases, tmp_path: Path) -> None:
    later = [CONSENT, CONSENT | {"purpose": "crash-reports", "at": "2026-11-01T00:00:00Z", "channel": "WEBSITE"}]
    opt_out = "mutation($who: SubjectBy!) { optOutOfAll(subject: $who, channel: PHONE) { suppressed } }"
    api.register("known@example.com")
    for email in ("known@example.com", "unknown@example.com"):
        assert "errors" not in api.ask("SERVICE", opt_out, who={"email": email}).body
    lines: list[dict[str, Any]] = [
        {"email": email, "consents": later} for email in ("known@example.com", "unknown@example.com")
    ]
    lines.append({"email": "third@example.com", "additionalEmails": ["unknown@example.org"], "consents": later})
    some = (
        'mutation { optOut(subject: {email: "unknown@example.org"}, purposes: ["newsletter"], channel: PHONE) { at } }'
    )
    assert "errors" not in api.ask("SERVICE", some).body
    for _ in range(2):
        ran = await imported(clean, written(tmp_path / "people.jsonl", lines))
        assert (ran.code, ran.count("grants left out: an opt-out forbids them")) == (0, 5)
    document = (
        "query($who: SubjectsBy!, $what: String!) { consentDecisions(subjects: $who, purpose: $what) { reason } }"
    )
    emails = [line["email"] for line in lines]
    for purpose, third in (("newsletter", "WITHDRAWN"), ("crash-reports", "GRANTED")):
        answer = api.ask("STORE", document, who={"emails": emails}, what=purpose).data["consentDecisions"]
        assert [row["reason"] for row in answer] == ["WITHDRAWN", "WITHDRAWN", third]


@pytest.mark.anyio
async def test_what_was_there_stays_and_what_is_missing_is_added(
    api: Api, world: World, clean: Databases, tmp_path: Path
) -> None:
    people = [person(index) for index in range(60)]
    for each in people:
        api.register(each["email"], country="JP")
    ran = await imported(clean, written(tmp_path / "people.jsonl", people))
    assert (ran.code, ran.count("people known before, with values added")) == (0, 60)
    assert await kept(world) == {each["email"]: expected(each) | {"country": "JP"} for each in people}
    ran = await imported(clean, tmp_path / "people.jsonl")
    assert ran.count("people known before, unchanged") == 60


@pytest.mark.anyio
async def test_lines_about_one_person_are_one_person_and_keep_their_order(
    world: World, clean: Databases, tmp_path: Path
) -> None:
    lines = [
        {"email": "ada@example.com", "displayName": "First", "country": "DE"},
        {"email": "other@example.com", "accounts": [{"system": "store", "reference": "2"}]},
        {"email": "ADA@example.com", "displayName": "Second", "additionalEmails": ["ada@example.org"]},
        {"email": "ada@example.org", "consents": [CONSENT]},
        {"email": "ada@example.org", "accounts": [{"system": "store", "reference": "2"}]},
    ] * 20
    ran = await privacy(
        "import", "-", on=clean, stdin=b"".join(json.dumps(line).encode() + b"\n" for line in lines), at=tmp_path
    )
    assert (ran.code, ran.count("SUBJECT_AMBIGUOUS")) == (1, 20)
    assert (ran.count("people imported"), ran.count("people known before, with values added")) == (2, 2)
    assert len((tmp_path / "stdin.rejects.jsonl").read_text().splitlines()) == 20
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM subjects") == 2
        assert await connection.fetchval("SELECT count(*) FROM consent_events") == 1


@pytest.mark.anyio
async def test_a_file_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    ran = await privacy("import", "nothing.jsonl", at=tmp_path)
    assert ran.code == 2
    assert "No such file or directory" in ran.errors
    assert "Traceback" not in ran.errors


@pytest.mark.anyio
async def test_somebody_erased_is_not_brought_back(api: Api, world: World, clean: Databases, tmp_path: Path) -> None:
    api.register("ada@example.com", account={"system": "store", "reference": "1"})
    async with world.database.writers.acquire() as connection:
        await connection.execute("UPDATE subjects SET status = 'ERASED'")
    lines = [
        {"email": "ada@example.com", "displayName": "Ada"},
        {"email": "new@example.com", "accounts": [{"system": "store", "reference": "1"}]},
    ]
    ran = await imported(clean, written(tmp_path / "people.jsonl", lines))
    assert (ran.code, ran.count("SUBJECT_ERASED"), ran.count("people imported")) == (1, 2, 0)
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM email_addresses") == 1


@pytest.mark.anyio
async def test_while_postgresql_is_gone_it_waits_and_then_goes_on(tmp_path: Path) -> None:
    people = [person(index) for index in range(800)]
    path = written(tmp_path / "people.jsonl", people)
    with Cluster(tmp_path / "postgres", settings={"fsync": "off"}) as cluster:
        for history in migrations.HISTORIES:
            await anyio.to_thread.run_sync(cluster.create_database, history)
            await migrations.upgrade(history, cluster.url(history))
        own = Databases(cluster, cluster.url("privacy"), cluster.url("keyring"), MasterKeys.generate())
        process = await start("import", path.name, on=own, at=tmp_path)
        connection = await asyncpg.connect(own.url)
        with anyio.fail_after(60):
            while await connection.fetchval("SELECT count(*) FROM subjects") < 300:  # noqa: ASYNC110 -- not ours
                await anyio.sleep(0.002)
        await connection.close()
        await anyio.to_thread.run_sync(cluster.stop)
        await anyio.to_thread.run_sync(cluster.start)
        with anyio.fail_after(90):
            assert (await process.wait()).code == 0
        database = await Database.open(own.url, own.keyring_url, readers=2, writers=2, timeout=10)
        keyring = Keyring(database.keyring, MasterKeys(own.master_key))
        await keyring.load()
        assert await kept(World(database, keyring)) == {each["email"]: expected(each) for each in people}
        await database.close()


@pytest.mark.anyio
async def test_stopped_with_ctrl_c_it_ends_at_once_and_says_how_to_go_on(
    world: World, clean: Databases, tmp_path: Path
) -> None:
    path = written(tmp_path / "people.jsonl", [person(index) for index in range(2000)])
    process = await start("import", path.name, on=clean, at=tmp_path)
    async with world.database.readers.acquire() as connection:
        while await connection.fetchval("SELECT count(*) FROM subjects") < 200:  # noqa: ASYNC110 -- not ours
            await anyio.sleep(0.002)
    process.send_signal(signal.SIGINT)
    ran = await process.wait()
    assert ran.code == 130
    assert "`privacy import people.jsonl` resumes here" in ran.errors
    assert "Traceback" not in ran.errors


@pytest.mark.anyio
async def test_the_system_of_an_import_holds_its_people(world: World, clean: Databases, tmp_path: Path) -> None:
    path = written(tmp_path / "people.jsonl", [{"email": "ada@example.com"}])
    for arguments, systems in (((), []), (("--system", "crm"), ["crm"])):
        import_run = await imported(clean, path, *arguments)
        assert import_run.code == 0, import_run.errors
        async with world.database.readers.acquire() as connection:
            assert [row[0] for row in await connection.fetch("SELECT system FROM known_systems")] == systems


@pytest.mark.anyio
async def test_a_line_about_a_registered_child_restricts_and_erases_nothing(
    world: World, clean: Databases, tmp_path: Path
) -> None:
    people = [
        {"email": "ada@example.com"},
        {"email": "bob@example.com", "accounts": [{"system": "forum", "reference": "bob"}]},
        {"email": "eve@example.com"},
    ]
    await imported(clean, written(tmp_path / "known.jsonl", people))
    lines = [
        {"email": "ADA@example.com", "isUnder13": True},
        {"email": "new@example.com", "accounts": [{"system": "forum", "reference": "bob"}], "isUnder13": True},
        {"email": "unknown@example.com", "isUnder13": True},
        b'{"email": "eve@example.com", "isUnder13": true, "isUnder13": false}',
    ]
    import_run = await imported(clean, written(tmp_path / "people.jsonl", lines))
    assert import_run.code == 1
    assert import_run.count("lines refused that name a registered person as a child") == 3
    async with world.database.readers.acquire() as connection:
        states = await connection.fetch("SELECT reason, state, channel FROM rights_requests")
        assert [tuple(row) for row in states] == [("UNDERAGE", "AWAITING_VERIFICATION", "IMPORT")] * 3
        assert await connection.fetchval("SELECT count(*) FROM subjects WHERE status = 'RESTRICTED'") == 3
        assert await connection.fetchval("SELECT count(*) FROM subjects") == 3
        assert await connection.fetchval("SELECT count(*) FROM notices WHERE notice = 'child_reported'") == 3
        assert await connection.fetchval("SELECT count(*) FROM letters") == 0
