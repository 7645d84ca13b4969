"""``privacy audit``: verifies, proves, prints heads and prunes, and says exactly what is wrong."""

import asyncio
import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from api.settings import UnsafeSettingError
from cli.audit import app
from models.audit.segments import SegmentSigner
from models.storage.database import Database
from models.storage.ids import Prefix, format_id
from tests.conftest import Databases
from tests.models.audit.sample_log import seal_all, write_events

KEY = SegmentSigner.generate()
PUBLIC = base64.b64encode(SegmentSigner(KEY).public).decode()


@pytest.fixture
def record(clean: Databases, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the ids of the events of an audit log of three segments; the environment names its database."""
    monkeypatch.setenv("PRIVACY_DATABASE_URL", clean.url)
    monkeypatch.setenv("PRIVACY_KEYRING_URL", clean.keyring_url)
    monkeypatch.setenv("PRIVACY_MASTER_KEY", clean.master_key)
    monkeypatch.setenv("PRIVACY_ENVIRONMENT", "development")
    monkeypatch.setenv("PRIVACY_AUDIT_KEY", KEY)

    async def event_ids() -> list[str]:
        database = await Database.open(clean.url, clean.keyring_url, readers=2, writers=4, timeout=10)
        ids = []
        for size in (3, 5, 2):
            ids += await write_events(database, size)
            await seal_all(database, SegmentSigner(KEY))
        await database.close()
        return [format_id(Prefix.ACCESS_EVENT, identity) for identity in ids]

    return asyncio.run(event_ids())


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def change(databases: Databases, sql: str) -> None:
    async def changed() -> None:
        connection = await asyncpg.connect(databases.url)
        await connection.execute(sql)
        await connection.close()

    asyncio.run(changed())


def test_a_whole_record_verifies(record: list[str]) -> None:
    assert run("verify") == (0, "3 segments with 10 events, 0 findings\n")
    assert run("verify", "--from", "2") == (0, "2 segments with 7 events, 0 findings\n")
    assert run("verify", "--from", "2", "--to", "2") == (0, "1 segments with 5 events, 0 findings\n")
    assert record


def test_what_is_wrong_is_named(record: list[str], databases: Databases) -> None:
    victim = record[4].removeprefix("evt_")
    change(databases, f"UPDATE access_events SET actor = 'somebody else' WHERE id = '{victim}'")
    assert run("verify") == (
        1,
        f"CHANGED segment 2 {record[4]}: differs from what was sealed\n3 segments with 10 events, 1 findings\n",
    )


def test_a_proof_is_checked_offline(record: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, proof = run("prove", record[5])
    path = tmp_path / "proof.json"
    path.write_text(proof)
    for name in ("PRIVACY_DATABASE_URL", "PRIVACY_AUDIT_KEY"):
        monkeypatch.delenv(name)
    assert code == 0
    code, output = run("check", str(path), "--public-key", PUBLIC)
    assert (code, output.startswith("the event is in segment 2, sealed at ")) == (0, True)
    stranger = base64.b64encode(SegmentSigner(SegmentSigner.generate()).public).decode()
    assert run("check", str(path), "--public-key", stranger)[0] == 1
    document = json.loads(proof)
    event, segment = document["event"], document["segment"]
    for bend in (
        {"event": [*event[:2], "somebody else", *event[3:]]},
        {"place": document["place"] + 1},
        {"segment": {**segment, "event_count": 6}},
        {"path": document["path"][1:]},
        {"segment": None},
    ):
        path.write_text(json.dumps(document | bend))
        assert run("check", str(path), "--public-key", PUBLIC)[0] == 1
    path.write_text("no proof")
    assert run("check", str(path), "--public-key", PUBLIC)[0] == 1


def test_a_kept_head_shows_that_the_end_was_cut_off(record: list[str], databases: Databases, tmp_path: Path) -> None:
    code, head = run("head")
    assert code == 0
    path = tmp_path / "heads"
    path.write_text(head)
    assert run("verify", "--heads", str(path))[0] == 0
    change(
        databases, "DELETE FROM access_events WHERE written_in >= (SELECT max(from_transaction) FROM audit_segments)"
    )
    change(databases, "DELETE FROM audit_segments WHERE number = 3")
    assert run("verify") == (0, "2 segments with 8 events, 0 findings\n")
    assert run("verify", "--heads", str(path)) == (
        1,
        "TRUNCATED segment 3 : the chain ends before a kept head\n2 segments with 8 events, 1 findings\n",
    )
    assert record


def test_pruned_segments_go_whole_and_the_rest_verifies(record: list[str], databases: Databases) -> None:
    assert run("prune", "--before", "2020-01-01", "--yes") == (0, "0 segments with 0 events were deleted\n")
    change(databases, "UPDATE audit_segments SET last_at = '2020-01-01'")
    question = CliRunner().invoke(app, ["prune", "--before", "2021-01-01"], input="n\n")
    assert question.exit_code == 1
    assert "Delete 3 segments with 10 events" in question.output
    assert run("prune", "--before", "2021-01-01", "--as", "an officer", "--yes") == (
        0,
        "3 segments with 10 events were deleted\n",
    )
    code, output = run("verify")
    assert code == 0
    assert output.startswith("pruned at 2")
    assert "UTC by an officer: 3 segments with 10 events up to segment 3" in output
    assert f"up to segment 3, signed with the key {SegmentSigner(KEY).key_id.hex()}\n" in output
    assert output.endswith("0 segments with 0 events, 0 findings\n")
    assert run("head")[0] == 1
    assert record


def test_young_events_are_never_pruned(record: list[str]) -> None:
    for day in ("2999-01-01", f"{datetime.now(UTC):%Y-%m-%d}"):
        with pytest.raises(UnsafeSettingError, match="PRIVACY_AUDIT_RETENTION"):
            run("prune", "--before", day, "--yes")
    assert run("verify") == (0, "3 segments with 10 events, 0 findings\n")
    assert record


def test_a_changed_head_in_a_kept_file_is_noticed(record: list[str], tmp_path: Path) -> None:
    kept = json.loads(run("head")[1])
    path = tmp_path / "heads"
    path.write_text(json.dumps(kept | {"head": "00" * 32}))
    with pytest.raises(UnsafeSettingError):
        run("verify", "--heads", str(path))
    assert record


def test_a_new_key_is_printed_with_its_public_key() -> None:
    code, output = run("key")
    private, public = (line.partition("=")[2] for line in output.splitlines())
    assert code == 0
    assert base64.b64encode(SegmentSigner(private).public).decode() == public
