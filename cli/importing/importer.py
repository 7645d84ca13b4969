"""How a chunk of lines is imported: compared in one go, then written a person a transaction, several at once."""

import asyncio
from collections.abc import Mapping, Sequence

import asyncpg

from cli.bulk.job import LineResult, Numbered, Stopped, retried
from cli.databases import OpenDatabases
from cli.importing.parser import parse_person
from models.actors import Actor, Role
from models.consent.purposes import PurposeRow
from models.errors import Refusal
from models.registration import bulk_insert, import_diff, importing
from models.registration.bulk_insert import InsertSlot
from models.registration.import_diff import SubjectDiff
from models.registration.importing import ImportOutcome, ImportResult
from models.registration.records import ImportedSubject
from models.storage.database import OUTAGE_ERRORS
from models.unit_of_work import unit_of_work

HONOURED = "honoured"
BLANK = "blank"
PART = "PostgreSQL"


class Importer:
    """Imports chunks of lines, ``concurrency`` people at once."""

    def __init__(self, place: OpenDatabases, known: Mapping[str, PurposeRow], actor: str, concurrency: int) -> None:
        self._place = place
        self._known = known
        self._actor = Actor(actor, Role.ADMIN, (Role.ADMIN,))
        self._turns = asyncio.Semaphore(concurrency)

    async def __call__(self, lines: Sequence[Numbered[bytes | None]]) -> list[LineResult]:
        """Import a chunk; give what came of each line. Lines about one person keep their order."""
        outcomes: dict[int, LineResult] = {}
        people: dict[int, ImportedSubject] = {}
        for number, line in lines:
            if line is not None and not line.strip():
                outcomes[number] = LineResult((BLANK,))
                continue
            try:
                people[number] = parse_person(line, self._known)
            except Refusal as refusal:
                outcomes[number] = _refused(refusal)
        looks = dict(zip(people, await self._look(list(people.values())), strict=True))
        fresh = sum(look.is_new for look in looks.values())
        places = await retried(
            lambda: bulk_insert.prepare_slots(self._place.database, self._place.keyring, fresh), PART
        )
        ready = list(places)
        """Places that no deed was given: a place that one was given may be somebody's, whatever became of the deed."""
        earlier: dict[object, asyncio.Task[LineResult]] = {}
        tasks = {}
        async with asyncio.TaskGroup() as group:
            for number, person in people.items():
                names = [(name.kind, name.lookup_key) for name in person.names]
                before = {earlier[name] for name in names if name in earlier}
                task = group.create_task(self._turn(person, looks[number], before, ready))
                earlier.update(dict.fromkeys(names, task))
                tasks[number] = task
        if ready:
            await retried(lambda: self._place.keyring.destroy([place.key.owner_id for place in ready]), PART)
        outcomes.update((number, task.result()) for number, task in tasks.items())
        return [outcomes[number] for number, _ in lines]

    async def _look(self, people: Sequence[ImportedSubject]) -> list[SubjectDiff]:
        return await retried(lambda: import_diff.compare(self._place.database, self._place.keyring, people), PART)

    async def _turn(
        self, person: ImportedSubject, look: SubjectDiff, before: set[asyncio.Task[LineResult]], ready: list[InsertSlot]
    ) -> LineResult:
        if before:
            await asyncio.wait(before)
        async with self._turns:
            try:
                if before:
                    [look] = await self._look([person])
                if look.is_repeat:
                    return _outcome(ImportResult(ImportOutcome.UNCHANGED, look.forbidden_count))
                place = ready.pop() if look.is_new and ready else None
                return _outcome(await retried(lambda: self._take(person, place), PART))
            except Refusal as refusal:
                return _refused(refusal)
            except (*OUTAGE_ERRORS, Stopped):
                raise
            except Exception as fault:  # noqa: BLE001 -- one line's fault must not stop the others; its words may quote
                return LineResult((), "INTERNAL", None, type(fault).__name__)

    async def _take(self, person: ImportedSubject, place: InsertSlot | None) -> ImportResult:
        try:
            async with unit_of_work(self._place.database, self._place.keyring, self._actor, "importPerson") as made:
                return await importing.import_subject(made, person, place)
        except asyncpg.UniqueViolationError as clash:
            # Somebody else took a name at this moment: the next try sees them.
            raise asyncpg.SerializationError from clash


def _outcome(taken: ImportResult) -> LineResult:
    return LineResult((str(taken.outcome), *[HONOURED] * taken.forbidden_count))


def _refused(refusal: Refusal) -> LineResult:
    argument = refusal.extensions.get("argument")
    return LineResult((), refusal.code, str(argument) if argument else None, refusal.message)
