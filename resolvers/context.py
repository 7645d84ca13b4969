"""What resolvers act through: the reads, the deeds and the record of looks of one request."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

import strawberry

from models import audits, subjects
from models.actors import PEOPLE, Actor
from models.audits import AccessEventRow
from models.base import new_id, now
from models.database import Database
from models.deeds import Deed, deed
from models.keyring import Keyring, SubjectKey
from models.names import Name
from models.subjects import SubjectRow
from resolvers.loaders import Reader
from resolvers.pages import Cursors
from resolvers.sources import Read

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class Service:
    """What all requests of one process share."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self.database = database
        self.keyring = keyring
        self.reader = Reader(database.readers)
        self.keys = Reader(database.keyring)
        self.recorder = Reader(database.writers)
        self.cursors = Cursors(keyring.masters.derived("cursors"))


class Context:
    """One request: an actor, acting in one role, through one operation."""

    __slots__ = ("_keys", "_seen", "actor", "cursors", "operation", "sees", "service")

    def __init__(self, service: Service, actor: Actor, operation: str | None, sees: frozenset[str]) -> None:
        self.service = service
        self.actor = actor
        self.operation = operation
        self.sees = sees
        """The types of which the role may see anything."""
        self.cursors = service.cursors
        self._keys: dict[UUID, SubjectKey] = {}
        self._seen: dict[UUID, set[str]] = {}

    def load(self, read: Read, keys: Sequence[Hashable], arguments: tuple[Hashable, ...] = ()) -> Awaitable[list[Any]]:
        """Give what each key names, through the coalescing reader."""
        return self.service.reader.load(read, keys, arguments)

    async def load_one(self, read: Read, key: Hashable, *arguments: Hashable) -> Any:
        """Give what one key names."""
        return (await self.service.reader.load(read, [key], arguments))[0]

    async def find(self, name: Name) -> SubjectRow | None:
        """Give the person whom a name means, or None."""
        if isinstance(name.key, UUID):
            return await self.load_one(subjects.by_ids, name.key)
        for hashed in self.service.keyring.hashes(name.kind, name.key):
            found = await self.load_one(subjects.READS[name.kind], hashed.digest)
            if found is not None:
                return found
        return None

    async def keys_of(self, subject_ids: Sequence[UUID]) -> Mapping[UUID, SubjectKey]:
        """Give the keys that open these people's values, read once a request; destroyed ones are missing."""
        wanted = [subject_id for subject_id in dict.fromkeys(subject_ids) if subject_id not in self._keys]
        if wanted:
            found = await self.service.keys.load(self.service.keyring.of_subjects, wanted)
            self._keys.update((key.subject_id, key) for key in found if key is not None)
        return self._keys

    async def perform(
        self,
        field: str,
        verb: Callable[Concatenate[Deed, _Given], Awaitable[_Result]],
        *given: _Given.args,
        **named: _Given.kwargs,
    ) -> _Result:
        """Do one deed in one transaction; it is committed when this returns."""
        service = self.service
        async with deed(service.database, service.keyring, self.actor, field, self.operation) as made:
            return await verb(made, *given, **named)

    def saw(self, coordinates: Sequence[str], subject_ids: Sequence[UUID]) -> None:
        """Remember that these personal fields of these people are about to be shown."""
        for subject_id in subject_ids:
            self._seen.setdefault(subject_id, set()).update(coordinates)

    async def record(self) -> None:
        """Write down what was seen, committed, before the answer leaves: no log, no data."""
        if self._seen and self.actor.role in PEOPLE:
            at = now()
            await self.service.recorder.load(
                audits.recorded,
                [
                    AccessEventRow(
                        new_id(),
                        at,
                        self.actor.name,
                        self.actor.role,
                        self.actor.case,
                        subject_id,
                        audits.AccessAction.READ,
                        tuple(sorted(coordinates)),
                        self.operation,
                    )
                    for subject_id, coordinates in self._seen.items()
                ],
            )

    async def refused(self, coordinates: Sequence[str]) -> None:
        """Write down that the caller was refused these fields."""
        event = AccessEventRow(
            new_id(),
            now(),
            self.actor.name,
            self.actor.role,
            self.actor.case,
            None,
            audits.AccessAction.REFUSED,
            tuple(sorted(coordinates)),
            self.operation,
        )
        await self.service.recorder.load(audits.recorded, [event])


Info = strawberry.Info[Context, None]
