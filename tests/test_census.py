"""Tests that every column of both live databases declares its erasure action, and that erasures carry it out."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from migrations import HISTORIES
from models.actors import Role
from models.consent import opt_outs, recording
from models.consent.ledger import Channel
from models.data_categories import DataCategory
from models.delivery import claims, cleanup, results
from models.delivery.results import DeliveryResult
from models.disclosures import disclosures, recipients
from models.disclosures.recipients import RecipientKind, RecipientTerms
from models.erasure import completion, holders, requesting, scope, steps
from models.erasure import plan as erasure_plan
from models.exports import planning
from models.exports import steps as export_steps
from models.outbox.emails import EmailState
from models.payments import fragments
from models.payments.fragments import FragmentInput
from models.registration import corrections, registering
from models.registration.corrections import Correction
from models.registration.registering import Registration
from models.requests import intake, opening, verification_codes
from models.requests.intake import ErasureOptions
from models.requests.opening import RequestOptions
from models.requests.states import RequestKind
from models.requests.vocabulary import IdentityCheck, IdentityProof
from models.storage.clock import now
from models.storage.columns import ErasureAction
from models.subjects.identifiers import SubjectIdentifier, SubjectIdentifiers
from models.sync import reports
from models.sync.file_lists import FileReport
from models.sync.reports import ClientReport, SyncReport
from tests.conftest import Databases, World
from tests.models.exports.parts import hand_in
from workers.erasure_worker import ErasureWorker

COLUMNS = """
SELECT c.table_name, c.column_name
FROM information_schema.columns AS c
JOIN information_schema.tables AS t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name <> 'alembic_version'
"""
ADA = SubjectIdentifier.email("ada@example.com")
KEYS = {"subject_keys", "letter_keys", "export_keys"}
"""Tables of the keyring whose rows an erasure destroys, which makes the encrypted values unreadable."""


def declared(history: str) -> dict[str, Any]:
    return {
        f"{table.name}.{column.name}": column
        for table in HISTORIES[history].tables.values()
        for column in table.columns
    }


def columns_to_erase(history: str) -> set[str]:
    return {name for name, column in declared(history).items() if scope.must_be_erased(column)}


@pytest.mark.anyio
@pytest.mark.parametrize("history", HISTORIES)
async def test_every_live_column_declares_an_erasure_action(databases: Databases, history: str) -> None:
    connection = await asyncpg.connect(databases.url if history == "privacy" else databases.keyring_url)
    live = {f"{row[0]}.{row[1]}" for row in await connection.fetch(COLUMNS)}
    await connection.close()
    columns = declared(history)
    partitions = {name for name in live if name not in columns and name.startswith("access_events_")}
    assert live - partitions == columns.keys()
    assert {
        name for name, column in columns.items() if not isinstance(column.info.get("erasure_action"), ErasureAction)
    } == set()


def test_every_column_to_erase_is_reached_by_a_step_and_by_the_plan() -> None:
    assert columns_to_erase("privacy") - scope.erased_columns() - completion.CLEARED_COLUMNS == set()
    planned = {step.what for step in scope.ERASURE_TARGETS}
    assert len(planned) == len(scope.ERASURE_TARGETS)
    assert {name.partition(".")[0] for name in columns_to_erase("keyring")} == KEYS


def test_a_table_with_a_reference_of_another_system_says_which_system_holds_it() -> None:
    """A new table needs a column ``system``, and a place in ``models/erasure/holders.py``."""
    own = {
        "recipients",
        "retention_holds",
        "forced_disclosures",
        "system_backups",
        "erasure_steps",
        "export_steps",
        "rights_requests",
        "access_events",
        "access_grants",
        "systems",
        "tokens",
    }
    columns = {tuple(name.split(".")) for name in declared("privacy")}
    with_reference = {table for table, column in columns if "reference" in column} - own
    with_system = {table for table, column in columns if column == "system"} - own
    assert with_reference <= with_system == holders.REFERENCES.keys() - {"systems"}
    for table, reference in holders.REFERENCES.items():
        assert (table in with_reference) == (reference is not None), table


def test_encrypted_columns_hold_bytes() -> None:
    for history in HISTORIES:
        for name, column in declared(history).items():
            if column.info["erasure_action"] is ErasureAction.ENCRYPTED:
                assert str(column.type) in {"BLOB", "BYTEA"}, name


@pytest.mark.anyio
async def test_the_erasure_ledger_cannot_hold_prose(world: World) -> None:
    """Every column is an id, a number, a time, a hash of fixed length, or text that a CHECK limits.

    Text is an enum value, a signed statement, the name of a system, or counts by category.
    """
    jws = r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"
    limits = {
        "certificate": f"(certificate ~ '^{jws}$'::text)",
        "replays": f"(array_to_string(replays, ' '::text) ~ '^{jws}( {jws})*$'::text)",
        "systems": "(array_to_string(systems, ' '::text) ~ '^([a-z][a-z0-9-]*( [a-z][a-z0-9-]*)*)?$'::text)",
        "erased": r"""((erased)::text ~ '^\{("[a-z ]{1,60}": [0-9]+(, )?)*\}$'::text)""",
    }
    fixed = {"uuid", "bigint", "smallint", "integer", "timestamp with time zone"}
    tables = ("erasures", "erased_names", "backup_sets", "lifted_suppressions")
    refused = 0
    async with world.keyring.pool.acquire() as connection:
        for table in tables:
            columns = await connection.fetch(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $1", table
            )
            checks = await connection.fetchval(
                "SELECT string_agg(pg_get_constraintdef(oid), ' ') FROM pg_constraint "
                "WHERE conrelid = to_regclass($1) AND contype = 'c' AND convalidated",
                table,
            )
            for name, kind in columns:
                if name in limits:
                    assert limits[name] in checks, f"{table}.{name} is unconstrained"
                elif kind == "text":
                    assert f"(({name} = ANY (ARRAY[" in checks, f"{table}.{name} is unconstrained"
                elif kind == "bytea":
                    assert f"((octet_length({name}) = 32))" in checks, f"{table}.{name} is unconstrained"
                else:
                    assert kind in fixed, f"{table}.{name} is {kind}"
                refused += kind in {"text", "bytea"} or name in limits
    assert refused == 11


async def filled_columns(world: World, history: str) -> set[str]:
    """Return the columns to erase that hold a value now."""
    pool = world.database.writers if history == "privacy" else world.keyring.pool
    columns = set()
    async with pool.acquire() as connection:
        for name in columns_to_erase(history):
            table, _, column = name.partition(".")
            if await connection.fetchval(f'SELECT count("{column}") FROM "{table}"'):
                columns.add(name)
    return columns


@pytest.mark.anyio
async def test_every_column_to_erase_is_filled_by_use_and_empty_after_an_erasure(world: World) -> None:
    worker = ErasureWorker(
        world.database, world.keyring, issuer="https://privacy.example.com", backup_life=timedelta(days=183)
    )
    await _fill_every_table(world)
    async with world.unit(Role.SUPPORT) as unit:
        request_id = await requesting.request_erasure(unit, ADA, ErasureOptions(Channel.EMAIL))
    async with world.database.readers.acquire() as connection:
        subject_id = await connection.fetchval("SELECT id FROM subjects")
        plan = (await erasure_plan.of_subjects(connection, [subject_id]))[subject_id]
    assert plan
    assert {step.what for step in scope.ERASURE_TARGETS} <= {row.what for row in plan.items}, (
        "the plan names every step"
    )
    filled = {history: await filled_columns(world, history) for history in HISTORIES}
    await _confirm_identity(world, subject_id, request_id)
    assert await worker.drain() == 1
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch("SELECT id, system FROM erasure_steps ORDER BY system")
    step_ids = {row["id"]: row["system"] for row in rows}
    assert len(step_ids) == 3, "the forum, the store and the sync server"
    async with world.unit(Role.SERVICE) as unit:
        await steps.fail_erasure_step(unit, rows[0]["id"], "it is read-only")
    assert await filled_columns(world, "privacy") <= completion.CLEARED_COLUMNS
    filled = {history: names | await filled_columns(world, history) for history, names in filled.items()}
    for step_id, system in step_ids.items():
        async with world.unit(Role.SERVICE, system) as unit:
            await steps.complete_erasure_step(unit, step_id, 1)
    await worker.drain()
    assert await filled_columns(world, "privacy") == {"letters.address", "letters.context"}, (
        "the completion email, not sent yet"
    )
    filled = {history: names | await filled_columns(world, history) for history, names in filled.items()}
    for claim in await claims.claim(world.database, world.keyring, "example.org", 10):
        async with world.database.transaction() as connection:
            await results.record_results(connection, [(claim.lease, DeliveryResult(EmailState.SENT, reply_code=250))])
    await cleanup.clean_up(world.database, world.keyring)
    for history in HISTORIES:
        assert columns_to_erase(history) - filled[history] == set(), "use fills every column to erase"
        assert await filled_columns(world, history) == set()


async def _fill_every_table(world: World) -> None:
    """Register a person and fill every table about people."""
    async with world.unit(Role.SERVICE) as unit:
        await registering.register_or_complete(
            unit, Registration(ADA.normalized, "Ada Example", "DE", ("forum", "ada-1"))
        )
    async with world.unit(Role.SUPPORT) as unit:
        await corrections.correct_subject(unit, ADA, Correction(add_email="ada@example.org"))
    async with world.unit() as unit:
        await recording.grant_consent(unit, ADA, "newsletter", Channel.STORE, None)
        mailer = RecipientTerms(
            *("mailer", "Mailer", RecipientKind.PROCESSOR, "Delivers letters", [DataCategory.CONTACT], ["newsletter"]),
            *("DE", None, False, None, "C-1", None),
        )
        await recipients.put_recipient(unit, mailer)
        people = SubjectIdentifiers("email", [ADA.lookup_key])
        await disclosures.record_disclosure(unit, people, "mailer", [DataCategory.CONTACT], "newsletter", None)
        for _ in ("once", "and again"):
            await opt_outs.opt_out(unit, ADA, ["forum-notices"], Channel.STORE)
        for reference in ("one", "two"):
            fragment = await fragments.store_payment_fragment(unit, ADA, FragmentInput(reference, "4242", 7, 2031))
    async with world.unit() as unit:
        await fragments.remove_payment_fragment(unit, fragment)
    async with world.unit(Role.SYNC) as unit:
        files = [FileReport("Diary.txt", 17, now())]
        await reports.record_sync(
            unit, ADA, SyncReport("sync-1", 17, 1, now(), ClientReport("App", "1", "OS", "App/1"), files)
        )
    await _fill_exports(world)
    async with world.database.transaction() as connection:
        # Other parts of the service fill these columns.
        await connection.execute(
            "UPDATE email_addresses SET verified_at = now(), stopped_at = now() WHERE NOT is_primary"
        )


async def _fill_exports(world: World) -> None:
    """Open an export, hand in a part, and let its deadline pass, so that no erasure waits for it."""
    async with world.unit(Role.SUPPORT) as unit:
        options = RequestOptions(RequestKind.ACCESS, Channel.EMAIL, IdentityCheck.ATTESTED)
        await opening.open_request(unit, ADA, options)
    assert await planning.plan_exports(world.database, world.keyring, 1) == 1
    async with world.database.writers.acquire() as connection:
        step_id = await connection.fetchval("SELECT id FROM export_steps WHERE system = 'forum'")
    async with world.unit(Role.SERVICE) as unit:
        await export_steps.fail_export_step(unit, step_id, "it is read-only")
    await hand_in(world, "store", b'{"orders": []}')
    async with world.database.writers.acquire() as connection:
        await connection.execute("UPDATE exports SET code_hash = decode(repeat('00', 32), 'hex')")
        await connection.execute("UPDATE rights_requests SET due_at = now() WHERE kind = 'ACCESS'")


async def _confirm_identity(world: World, subject_id: UUID, request_id: UUID) -> None:
    async with world.unit() as unit:
        await unit.connection.execute("UPDATE identity_codes SET expires_at = now()")
        issued = await verification_codes.issue_code(unit, subject_id, request_id)
    assert issued
    async with world.unit(Role.STORE) as unit:
        assert (await intake.confirm_identity(unit, request_id, issued.code)).refusal is None
    async with world.unit(Role.ADMIN) as unit:
        await requesting.request_erasure(
            unit, ADA, ErasureOptions(Channel.EMAIL, IdentityProof.ATTESTED, immediately=True)
        )
