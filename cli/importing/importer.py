"""Import chunks of lines: one comparison for the chunk, then one transaction for each person that changes."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

import asyncpg

from cli.bulk.job import JobStopped, LineResult, NumberedLine, retry_while_unavailable
from cli.databases import OpenDatabases
from cli.importing.parser import parse_person
from cli.importing.refusals import find_children, find_refusals
from models.actors import Actor
from models.consent import opt_outs
from models.consent.ledger import Channel
from models.consent.purposes import PolicyVersions, PurposeRow
from models.errors import Refusal, SubjectErased, Underage
from models.registration import bulk_insert, import_diff, importing, underage
from models.registration.bulk_insert import InsertSlot
from models.registration.import_diff import SubjectDiff
from models.registration.importing import ImportOutcome, ImportResult
from models.registration.records import ImportedSubject
from models.storage.database import OUTAGE_ERRORS
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import unit_of_work

SUPPRESSED = "honoured"
"""The counter of grants that an opt-out forbids; checkpoint files hold this key."""
REPLACED = "replaced"
"""The counter of file names that looked like a card number."""
CHILD = "children"
"""The counter of refused lines that report a registered person as a child."""
REFUSED = "refused"
"""The counter of refused lines whose refusals were recorded."""
BLANK = "blank"
SERVICE = "PostgreSQL"


class Importer:
    """Imports chunks of lines; at most ``concurrency`` people are written at the same time."""

    def __init__(
        self,
        databases: OpenDatabases,
        purposes: Mapping[str, PurposeRow],
        policies: PolicyVersions,
        actor: Actor,
        concurrency: int,
    ) -> None:
        self._databases = databases
        self._purposes = purposes
        self._policies = policies
        self._actor = actor
        self._limit = asyncio.Semaphore(concurrency)

    async def import_lines(self, lines: Sequence[NumberedLine[bytes | None]]) -> list[LineResult]:
        """Import a chunk and return one result for each line; lines about the same person keep their order."""
        results: dict[int, LineResult] = {}
        people: dict[int, ImportedSubject] = {}
        for number, line in lines:
            if line is not None and not line.strip():
                results[number] = LineResult((BLANK,))
                continue
            try:
                people[number] = parse_person(line, self._purposes, self._policies)
            except Refusal as refusal:
                results[number] = _refusal_result(refusal)
        diffs = dict(zip(people, await self._compare(list(people.values())), strict=True))
        new_count = sum(diff.is_new for diff in diffs.values())
        database, keyring = self._databases
        slots = await retry_while_unavailable(lambda: bulk_insert.prepare_slots(database, keyring, new_count), SERVICE)
        unused_slots = list(slots)
        """Slots that no transaction received. A slot that one received may be in use, even if its commit failed."""
        last_tasks: dict[object, asyncio.Task[LineResult]] = {}
        tasks = {}
        async with asyncio.TaskGroup() as group:
            for number, person in people.items():
                identifiers = [(name.kind, name.lookup_key) for name in person.names]
                predecessors = {last_tasks[identifier] for identifier in identifiers if identifier in last_tasks}
                task = group.create_task(self._import_person(person, diffs[number], predecessors, unused_slots))
                last_tasks.update(dict.fromkeys(identifiers, task))
                tasks[number] = task
        if unused_slots:
            unused_keys = [slot.key.owner_id for slot in unused_slots]
            await retry_while_unavailable(lambda: keyring.destroy(unused_keys), SERVICE)
        results.update((number, task.result()) for number, task in tasks.items())
        for number, line in lines:
            if results[number].code is None:
                continue
            if await self._report_children(line):
                results[number] = results[number]._replace(
                    counts=(CHILD,), problem=f"{results[number].problem} A registered person was restricted."
                )
            elif await self._record_refusals(line):
                results[number] = results[number]._replace(
                    counts=(REFUSED,), problem=f"{results[number].problem} Its refusals are recorded from now on."
                )
        return [results[number] for number, _ in lines]

    async def _report_children(self, line: bytes | None) -> bool:
        """Open the erasures of registered people whom a refused line reports as children; return whether there is one.

        They restrict processing at once, and wait until staff has checked the age.
        """
        names = find_children(line)
        if not names:
            return False

        async def report() -> None:
            async with unit_of_work(*self._databases, self._actor, "requestErasure") as unit:
                await underage.report_children(unit, names, Channel.IMPORT)

        try:
            await retry_while_unavailable(report, SERVICE)
        except Underage:
            return False
        return True

    async def _record_refusals(self, line: bytes | None) -> bool:
        """Opt the addresses of a refused line out of what it refuses, and return whether there was any."""
        refusals = find_refusals(line, self._purposes)
        if refusals is None:
            return False

        async def opt_out(identifier: SubjectIdentifier) -> None:
            with suppress(SubjectErased):  # a decision about a person who is being erased is always no
                async with unit_of_work(*self._databases, self._actor, "optOut") as unit:
                    await opt_outs.opt_out(unit, identifier, refusals.purposes, Channel.IMPORT)

        for identifier in refusals.addresses:
            await retry_while_unavailable(partial(opt_out, identifier), SERVICE)
        return True

    async def _compare(self, people: Sequence[ImportedSubject]) -> list[SubjectDiff]:
        return await retry_while_unavailable(lambda: import_diff.compare(*self._databases, people), SERVICE)

    async def _import_person(
        self,
        person: ImportedSubject,
        diff: SubjectDiff,
        predecessors: set[asyncio.Task[LineResult]],
        unused_slots: list[InsertSlot],
    ) -> LineResult:
        if predecessors:
            await asyncio.wait(predecessors)
        async with self._limit:
            try:
                if predecessors:
                    [diff] = await self._compare([person])
                if diff.is_repeat and self._actor.system is None:
                    return _import_result(person, ImportResult(ImportOutcome.UNCHANGED, diff.forbidden_count))
                slot = unused_slots.pop() if diff.is_new and unused_slots else None
                result = await retry_while_unavailable(lambda: self._write(person, slot), SERVICE)
                if diff.is_repeat:
                    result = result._replace(outcome=ImportOutcome.UNCHANGED)
                return _import_result(person, result)
            except Refusal as refusal:
                return _refusal_result(refusal)
            except (*OUTAGE_ERRORS, JobStopped):
                raise
            except Exception as error:  # noqa: BLE001 -- it must not stop other lines; its message may quote values
                return LineResult((), "INTERNAL", None, type(error).__name__)

    async def _write(self, person: ImportedSubject, slot: InsertSlot | None) -> ImportResult:
        try:
            async with unit_of_work(*self._databases, self._actor, "importPerson") as unit:
                return await importing.import_subject(unit, person, slot)
        except asyncpg.UniqueViolationError as conflict:
            # A concurrent transaction took an identifier. The next attempt finds that person.
            raise asyncpg.SerializationError from conflict


def _import_result(person: ImportedSubject, result: ImportResult) -> LineResult:
    replaced_count = sum(synced.sync.replaced_name_count for synced in person.syncs)
    return LineResult((str(result.outcome), *[SUPPRESSED] * result.forbidden_count, *[REPLACED] * replaced_count))


def _refusal_result(refusal: Refusal) -> LineResult:
    argument = refusal.extensions.get("argument")
    return LineResult((), refusal.code, str(argument) if argument else None, refusal.message)
