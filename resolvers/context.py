"""The context of a request: its reads, its mutation and its access log."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar
from uuid import UUID

import strawberry
from strawberry.utils.str_converters import to_camel_case

from models.access.access_grants import GrantedPage
from models.access.write_groups import role_of
from models.actors import STAFF_ROLES, Actor
from models.audit.events import EventGroup
from models.encryption.encrypted_column import DataKey, DataKeys
from models.erasure import plan
from models.erasure.plan import PlanRow
from models.errors import CaseRequired, Forbidden, GrantRequired
from models.storage.pagination import Page
from models.subjects import resolution, subjects
from models.subjects.identifiers import SubjectIdentifier, hash_identifier
from models.subjects.subjects import SubjectRow
from models.unit_of_work import UnitOfWork, unit_of_work
from resolvers import access_log
from resolvers.access_log import AccessLog
from resolvers.app_state import AppState
from resolvers.field_sources import Read
from resolvers.identification import Identification
from resolvers.load_request import Then
from resolvers.recent_reads import Claims

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
Record: TypeAlias = Callable[[Any], Any]
"""A function that records whom an answer is about, where that is recorded, and returns the answer."""


SUBJECT_READS: tuple[Read, ...] = (subjects.by_ids, *resolution.SUBJECTS_BY_KIND.values())
"""The batched reads by which ``RequestContext.find`` finds a subject."""


DECISIONS = frozenset({"Query.consentDecision", "Query.consentDecisions", "Query.disclosureDecision"})
"""The questions that services ask most."""


class RequestContext:
    """One request: an actor, acting in one role, through one operation."""

    __slots__ = (
        "_access_log",
        "_identification",
        "_keys",
        "actor",
        "cursors",
        "operation",
        "operation_hash",
        "permissions",
        "reader",
        "service",
    )

    def __init__(
        self,
        service: AppState,
        actor: Actor,
        operation: str | None,
        permissions: frozenset[str],
        operation_hash: bytes | None = None,
    ) -> None:
        self.service = service
        self.actor = actor
        self.operation = operation
        self.operation_hash = operation_hash
        self.permissions = permissions
        """The coordinates of the fields that the role may use."""
        self.cursors = service.cursors
        self.reader = service.readers[actor.role]
        """The batch loader of the role. It reads from the primary unless a replica was chosen for the request."""
        self._keys: DataKeys | None = None
        self._access_log: AccessLog | None = None
        self._identification: Identification | None = None

    def fresh(self) -> "RequestContext":
        """Return the context of another request like this one, which has read nothing yet."""
        context = RequestContext(self.service, self.actor, self.operation, self.permissions, self.operation_hash)
        context.reader = self.reader
        return context

    def load(
        self, read: Read, keys: Sequence[Hashable], arguments: tuple[Hashable, ...] = (), then: Then = None
    ) -> Awaitable[Any]:
        """Return the values of the keys, or what ``then`` makes of these, through the batch loader of the role."""
        return self.reader.request(read, keys, arguments, then)

    def load_one(self, read: Read, key: Hashable, *arguments: Hashable) -> Awaitable[Any]:
        """Return the value of one key."""
        return self.load(read, [key], arguments, _first)

    def find(self, name: SubjectIdentifier, question: str) -> Awaitable[SubjectRow | None]:
        """Return the subject of an identifier, or None. ``question`` is the coordinate of the query that asks."""
        return self.answer(question, partial(self._find, name))

    def _find(self, name: SubjectIdentifier, record: Record) -> Awaitable[SubjectRow | None]:
        if isinstance(name.lookup_key, UUID):
            return self.load_first(subjects.by_ids, [name.lookup_key], record)
        digests = hash_identifier(self.service.keyring, name).digests
        return self.load_first(resolution.SUBJECTS_BY_KIND[name.kind], digests, record)

    def load_first(self, read: Read, keys: Sequence[Hashable], record: Record) -> Awaitable[Any]:
        """Return the first value that is not None, or None, recorded by ``record``."""
        return self.load(read, keys, then=partial(_record_first, record))

    def answer(self, question: str, load: Callable[[Record], Awaitable[Any]], people: int = 1) -> Awaitable[Any]:
        """Return the answer to a question about people, within the caller's limits, and recorded for desk roles.

        ``load`` gets a function that it applies to the row, or to the list of rows, that it loads.
        """
        actor = self.actor
        record = partial(self._record_question, question) if actor.role in STAFF_ROLES else _same
        limit = self.service.limiter.names.get((actor.role, question in DECISIONS))
        return load(record) if limit is None else self._answer_limited(limit, people, partial(load, record))

    async def _answer_limited(self, limit: str, people: int, load: Callable[[], Awaitable[Any]]) -> Any:
        await self.service.limiter.charge(self.actor, limit, people)
        return await load()

    def _record_question(self, question: str, answer: Any) -> Any:
        """Record who an answer is about; None for a person who is not registered. Return the answer."""
        for row in answer if isinstance(answer, list) else [answer]:
            self.access_log.record_question(question, access_log.person_of(row))
        return answer

    def keys_of(self, subject_ids: Sequence[UUID]) -> Awaitable[Mapping[UUID, DataKey]] | Mapping[UUID, DataKey]:
        """Return the data keys of these subjects, read once a request; a destroyed one is UNAVAILABLE."""
        keys = self._keys = DataKeys() if self._keys is None else self._keys
        missing = [subject_id for subject_id in subject_ids if subject_id not in keys]
        if not missing:
            return keys
        service = self.service
        keep = partial(_keep_keys, keys)
        return service.keys[self.actor.role].request(service.keyring.of_subjects, missing, then=keep)

    async def plan_of(self, subject_id: UUID) -> PlanRow | None:
        """Return what an erasure of the subject would destroy; it is counted in every table, so by the writing role."""
        return (await self.service.recorder.load(plan.of_subjects, [subject_id]))[0]

    async def run_mutation(
        self,
        mutation: Callable[Concatenate[UnitOfWork, _Given], Awaitable[_Result]],
        *args: _Given.args,
        **kwargs: _Given.kwargs,
    ) -> _Result:
        """Run a mutation in one transaction, which is committed when this returns.

        Its access event names the field of the schema: ``opt_out`` is ``optOut``.
        """
        field = to_camel_case(mutation.__name__)
        service = self.service
        limit = service.limiter.names.get((self.actor.role, False))
        if limit is not None:
            await service.limiter.charge(self.actor, limit, 1)
        writer = role_of(mutation.__module__)
        begin = partial(unit_of_work, service.database, service.keyring, self.actor, field, writer=writer)
        try:
            async with begin(self.operation, self.operation_hash) as unit:
                return await mutation(unit, *args, **kwargs)
        except (Forbidden, CaseRequired):
            self.access_log.record_refusal([f"Mutation.{field}"])
            raise

    def pause(self) -> Awaitable[None]:
        """Return what is done in a later turn of the event loop, which is this request's own."""
        return self.service.turns.wait()

    @property
    def identification(self) -> Identification:
        """The identifiers of people that this request has looked up; each is validated once."""
        if self._identification is None:
            self._identification = Identification(self.service.keyring)
        return self._identification

    @property
    def access_log(self) -> AccessLog:
        """The access log of this request; most requests show nothing that is recorded, and need none."""
        if self._access_log is None:
            self._access_log = AccessLog(self.actor, self.operation, self.operation_hash)
        return self._access_log

    @property
    def has_unrecorded_reads(self) -> bool:
        """Whether anything has to be recorded before the response is released."""
        return self._access_log is not None and self._access_log.has_events

    def record_read(self, subject_ids: Iterable[UUID | None], *coordinates: tuple[str, ...]) -> None:
        """Record that these personal fields of these subjects are about to be shown."""
        self.access_log.record_read(subject_ids, *coordinates)

    def granted_page(self, field: str, granted: GrantedPage) -> Page[Any]:
        """Return the page read under an open access grant, and record its use; GRANT_REQUIRED without a grant."""
        if granted.grant_id is None:
            self.access_log.record_grant_refusal(field, granted.subject_id)
            raise GrantRequired(access=[{"field": field}])
        self.access_log.record_grant_use(field, granted.subject_id, granted.grant_id)
        return granted.page

    async def record_refusal(self, coordinates: Sequence[str]) -> None:
        """Write down that the actor was refused these fields."""
        self.access_log.record_refusal(sorted(coordinates))
        if writing := write_access_logs([self]):
            await writing


def write_access_logs(contexts: Sequence[RequestContext]) -> Awaitable[None] | None:
    """Send the access events of these requests; return None where there are none.

    What is returned ends when they are committed. A response is released after that: no record, no data.
    """
    groups: list[EventGroup] = []
    service = contexts[0].service
    claims = Claims(service.recent_reads)
    for context in contexts:
        if context._access_log:  # noqa: SLF001 -- of this module; the property would create one
            context._access_log.drain(groups, claims, service.recent_refusals)  # noqa: SLF001
    write = partial(access_log.write, service.recorder, groups, service.recent_refusals) if groups else None
    if claims:
        return claims.record(write)
    return write() if write else None


def _keep_keys(kept: DataKeys, keys: list[DataKey | None]) -> DataKeys:
    kept.update((key.owner_id, key) for key in keys if key is not None)
    return kept


def _first_present(rows: Sequence[Any]) -> Any:
    return rows[0] if len(rows) == 1 else next((row for row in rows if row is not None), None)


def _same(answer: Any) -> Any:
    return answer


def _record_first(record: Record, rows: Sequence[Any]) -> Any:
    return record(_first_present(rows))


_first: Then = itemgetter(0)
Info = strawberry.Info[RequestContext, None]
