"""How a chunk of lines is imported: compared in one go, then written a person a transaction, several at once."""

import asyncio
from collections.abc import Mapping, Sequence

import asyncpg

from cli.bulk.job import Numbered, Outcome, Stopped, retried
from cli.databases import Opened
from cli.importing.parser import person_of
from models.actors import Actor, Role
from models.consent.purposes import PurposeRow
from models.errors import Refused
from models.registration import bulk_insert, import_diff, importing
from models.registration.bulk_insert import Place
from models.registration.import_diff import Look
from models.registration.importing import Arrival, Taken
from models.registration.records import Person
from models.storage.database import OUTAGES
from models.unit_of_work import deed

HONOURED = "honoured"
BLANK = "blank"
PART = "PostgreSQL"


class Importer:
    """Imports chunks of lines, ``concurrency`` people at once."""

    def __init__(self, place: Opened, known: Mapping[str, PurposeRow], actor: str, concurrency: int) -> None:
        self._place = place
        self._known = known
        self._actor = Actor(actor, Role.ADMIN, (Role.ADMIN,))
        self._turns = asyncio.Semaphore(concurrency)

    async def __call__(self, lines: Sequence[Numbered[bytes | None]]) -> list[Outcome]:
        """Import a chunk; give what came of each line. Lines about one person keep their order."""
        outcomes: dict[int, Outcome] = {}
        people: dict[int, Person] = {}
        for number, line in lines:
            if line is not None and not line.strip():
                outcomes[number] = Outcome((BLANK,))
                continue
            try:
                people[number] = person_of(line, self._known)
            except Refused as refusal:
                outcomes[number] = _refused(refusal)
        looks = dict(zip(people, await self._look(list(people.values())), strict=True))
        fresh = sum(look.is_new for look in looks.values())
        places = await retried(lambda: bulk_insert.places(self._place.database, self._place.keyring, fresh), PART)
        ready = list(places)
        """Places that no deed was given: a place that one was given may be somebody's, whatever became of the deed."""
        earlier: dict[object, asyncio.Task[Outcome]] = {}
        tasks = {}
        async with asyncio.TaskGroup() as group:
            for number, person in people.items():
                names = [(name.kind, name.key) for name in person.names]
                before = {earlier[name] for name in names if name in earlier}
                task = group.create_task(self._turn(person, looks[number], before, ready))
                earlier.update(dict.fromkeys(names, task))
                tasks[number] = task
        if ready:
            await retried(lambda: self._place.keyring.destroy([place.key.subject_id for place in ready]), PART)
        outcomes.update((number, task.result()) for number, task in tasks.items())
        return [outcomes[number] for number, _ in lines]

    async def _look(self, people: Sequence[Person]) -> list[Look]:
        return await retried(lambda: import_diff.look(self._place.database, self._place.keyring, people), PART)

    async def _turn(
        self, person: Person, look: Look, before: set[asyncio.Task[Outcome]], ready: list[Place]
    ) -> Outcome:
        if before:
            await asyncio.wait(before)
        async with self._turns:
            try:
                if before:
                    [look] = await self._look([person])
                if look.is_repeat:
                    return _outcome(Taken(Arrival.UNCHANGED, look.honoured))
                place = ready.pop() if look.is_new and ready else None
                return _outcome(await retried(lambda: self._take(person, place), PART))
            except Refused as refusal:
                return _refused(refusal)
            except (*OUTAGES, Stopped):
                raise
            except Exception as fault:  # noqa: BLE001 -- one line's fault must not stop the others; its words may quote
                return Outcome((), "INTERNAL", None, type(fault).__name__)

    async def _take(self, person: Person, place: Place | None) -> Taken:
        try:
            async with deed(self._place.database, self._place.keyring, self._actor, "importPerson") as made:
                return await importing.take(made, person, place)
        except asyncpg.UniqueViolationError as clash:
            # Somebody else took a name at this moment: the next try sees them.
            raise asyncpg.SerializationError from clash


def _outcome(taken: Taken) -> Outcome:
    return Outcome((str(taken.arrival), *[HONOURED] * taken.honoured))


def _refused(refusal: Refused) -> Outcome:
    argument = refusal.extensions.get("argument")
    return Outcome((), refusal.code, str(argument) if argument else None, refusal.message)
