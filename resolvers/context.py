"""What resolvers act through: the reads, the deeds and the record of looks of one request."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

import asyncpg
import strawberry
from strawberry.utils.str_converters import to_camel_case

from models.access.access_grants import GrantedPage
from models.access.database_roles import READERS
from models.access.tokens import DEFAULT_LIFETIMES, TokenLifetimes
from models.actors import STAFF_ROLES, Actor
from models.audit import events
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.consent.decision_counts import DecisionCounts
from models.encryption.encrypted_column import DataKey
from models.encryption.keyring import Keyring
from models.erasure import plan
from models.erasure.plan import PlanRow
from models.errors import CaseRequired, Forbidden, GrantRequired, Unavailable
from models.requests.intake import COOLING_OFF
from models.storage.database import Database
from models.storage.pagination import Page
from models.subjects import resolution, subjects
from models.subjects.identifiers import SubjectIdentifier, hash_identifier
from models.subjects.subjects import SubjectRow
from models.unit_of_work import UnitOfWork, unit_of_work
from resolvers.batch_loader import SLOW_COMMIT_SECONDS, BatchLoader, Then
from resolvers.field_sources import Read
from resolvers.pagination import CursorCodec

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class AppState:
    """What all requests of one process share."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        *,
        grace: timedelta = COOLING_OFF,
        public_url: str = "",
        token_life: TokenLifetimes = DEFAULT_LIFETIMES,
    ) -> None:
        self.database = database
        self.keyring = keyring
        self.internal = BatchLoader(database.readers)
        self.readers = {
            role: BatchLoader(database.role_readers[name]) if name in database.role_readers else self.internal
            for role, name in READERS.items()
        }
        keys = BatchLoader(database.keyring)
        self.keys = {
            role: BatchLoader(database.role_keyrings[name]) if name in database.role_keyrings else keys
            for role, name in READERS.items()
        }
        self.recorder = BatchLoader(database.writers, SLOW_COMMIT_SECONDS)
        self.questions = DecisionCounts()
        self.cursors = CursorCodec(keyring.master_keys.derive_keys("cursors"))
        self.grace = grace
        """How long a person may think better of an erasure."""
        self.public_url = public_url
        """Where people's browsers reach this service."""
        self.token_life = token_life
        """How long tokens live at most."""


class RequestContext:
    """One request: an actor, acting in one role, through one operation."""

    __slots__ = (
        "_entries",
        "_keys",
        "_seen",
        "_told",
        "actor",
        "cursors",
        "operation",
        "operation_hash",
        "sees",
        "service",
    )

    def __init__(
        self,
        service: AppState,
        actor: Actor,
        operation: str | None,
        sees: frozenset[str],
        operation_hash: bytes | None = None,
    ) -> None:
        self.service = service
        self.actor = actor
        self.operation = operation
        self.operation_hash = operation_hash
        self.sees = sees
        """The types of which the role may see anything."""
        self.cursors = service.cursors
        self._keys: dict[UUID, DataKey] = {}
        self._seen: dict[UUID | None, tuple[str, ...]] = {}
        self._told: dict[UUID | None, tuple[str, ...]] = {}
        self._entries: list[EventGroup] = []

    def fresh(self) -> "RequestContext":
        """Give the context of another request like this one, which has seen nothing yet."""
        return RequestContext(self.service, self.actor, self.operation, self.sees, self.operation_hash)

    def load(
        self, read: Read, keys: Sequence[Hashable], arguments: tuple[Hashable, ...] = (), then: Then = None
    ) -> Awaitable[Any]:
        """Give what each key names, or what is made of that ``then``, through the coalescing reader."""
        return self.service.readers[self.actor.role].ask(read, keys, arguments, then)

    def load_one(self, read: Read, key: Hashable, *arguments: Hashable) -> Awaitable[Any]:
        """Give what one key names."""
        return self.load(read, [key], arguments, _first)

    def find(self, name: SubjectIdentifier) -> Awaitable[SubjectRow | None]:
        """Give the person whom a name means, or None."""
        if isinstance(name.lookup_key, UUID):
            return self.load(subjects.by_ids, [name.lookup_key], then=_first)
        digests = hash_identifier(self.service.keyring, name).digests
        return self.load(resolution.SUBJECTS_BY_KIND[name.kind], digests, then=_first_present)

    def keys_of(self, subject_ids: Sequence[UUID]) -> Awaitable[Mapping[UUID, DataKey]] | Mapping[UUID, DataKey]:
        """Give the keys that open these people's values, read once a request; destroyed ones are missing."""
        wanted = [subject_id for subject_id in subject_ids if subject_id not in self._keys]
        if not wanted:
            return self._keys
        service = self.service
        return service.keys[self.actor.role].ask(service.keyring.of_subjects, wanted, then=self._kept)

    def _kept(self, found: list[DataKey | None]) -> Mapping[UUID, DataKey]:
        self._keys.update((key.owner_id, key) for key in found if key is not None)
        return self._keys

    async def plan_of(self, subject_id: UUID) -> PlanRow | None:
        """Give what erasing a person would destroy: counted in every table, so as the role that does deeds."""
        return (await self.service.recorder.load(plan.of_subjects, [subject_id]))[0]

    async def run_mutation(
        self,
        mutation: Callable[Concatenate[UnitOfWork, _Given], Awaitable[_Result]],
        *given: _Given.args,
        **named: _Given.kwargs,
    ) -> _Result:
        """Run a mutation in one transaction, which is committed when this returns.

        Its access event names the field of the schema: ``opt_out`` is ``optOut``.
        """
        field = to_camel_case(mutation.__name__)
        service = self.service
        try:
            async with unit_of_work(
                service.database, service.keyring, self.actor, field, self.operation, self.operation_hash
            ) as made:
                return await mutation(made, *given, **named)
        except (Forbidden, CaseRequired):
            self._note(AccessAction.REFUSED, None, [f"Mutation.{field}"])
            raise

    @property
    def has_seen(self) -> bool:
        """Whether anything is to be recorded before the answer leaves."""
        return bool(self._seen or self._entries)

    def record_read(self, subject_ids: Iterable[UUID | None], *coordinates: tuple[str, ...]) -> None:
        """Remember that these recorded fields of these people are about to be shown to a person."""
        if self.actor.role in STAFF_ROLES:
            for subject_id in subject_ids:
                self._seen[subject_id] = _joined(self._seen.get(subject_id, ()), *coordinates)

    def watched(self, coordinate: str, subject_id: UUID | None) -> None:
        """Remember that the record itself is about to be shown, whoever asks."""
        self._seen[subject_id] = _joined(self._seen.get(subject_id, ()), (coordinate,))

    def opened(self, field: str, found: GrantedPage) -> Page[Any]:
        """Give what was read under an open access grant, and remember its use; GRANT_REQUIRED without one."""
        if found.grant_id is None:
            self._seen[found.subject_id] = _without(self._seen.get(found.subject_id, ()), (field,))
            self._note(AccessAction.REFUSED, found.subject_id, [field])
            raise GrantRequired(access=[{"field": field}])
        self._note(AccessAction.GRANT, found.subject_id, [field], found.grant_id)
        return found.page

    async def record(self) -> None:
        """Write down what was seen, used and refused, committed, before the answer leaves: no log, no data."""
        entries: list[EventGroup] = []
        self.drain(entries)
        await record(self.service, entries)

    def drain(self, entries: list[EventGroup]) -> None:
        """Add what was seen, used and refused since this was last asked, all of which is to be written down now.

        Looks that are alike, as those of several requests for one operation are, go into one entry.
        """
        entries += self._entries
        for subject_id, coordinates in self._seen.items():
            told = self._told.get(subject_id)
            fresh = _without(coordinates, told) if told else coordinates
            if not fresh:
                continue
            self._told[subject_id] = _joined(told, fresh) if told else fresh
            template = self._template(AccessAction.READ, fresh)
            if entries and entries[-1].template == template:
                entries[-1].subject_ids.append(subject_id)
            else:
                entries.append(EventGroup(template, (subject_id,)))
        self._entries, self._seen = [], {}

    async def refused(self, coordinates: Sequence[str]) -> None:
        """Write down that the caller was refused these fields."""
        self._note(AccessAction.REFUSED, None, sorted(coordinates))
        await self.record()

    def _note(
        self, action: AccessAction, subject_id: UUID | None, fields: Iterable[str], grant_id: UUID | None = None
    ) -> None:
        self._entries.append(EventGroup(self._template(action, tuple(fields), grant_id), (subject_id,)))

    def _template(self, action: AccessAction, fields: tuple[str, ...], grant_id: UUID | None = None) -> EventTemplate:
        return EventTemplate(self.actor, action, fields, self.operation, self.operation_hash, grant_id)


def record(service: AppState, entries: Sequence[EventGroup]) -> Awaitable[None]:
    """Have entries written down; they are committed when what this gives was awaited, UNAVAILABLE when that fails."""
    size = sum(len(entry.subject_ids) for entry in entries)
    return _committed(service.recorder.ask(events.append, entries, size=size))


async def _committed(recorded: Awaitable[Any]) -> None:
    try:
        await recorded
    except asyncpg.PostgresError as error:
        raise Unavailable from error


@lru_cache(4096)
def _joined(*coordinates: tuple[str, ...]) -> tuple[str, ...]:
    """Give all of these coordinates, each once, in their order of the alphabet."""
    return tuple(sorted({each for some in coordinates for each in some}))


@lru_cache(4096)
def _without(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """Give those of these coordinates that are not among the others."""
    return tuple([each for each in some if each not in others])


def _first_present(rows: Sequence[SubjectRow | None]) -> SubjectRow | None:
    return next((row for row in rows if row is not None), None)


_first: Then = itemgetter(0)
Info = strawberry.Info[RequestContext, None]
