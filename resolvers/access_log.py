"""The access log of one request: which personal data it shows, committed before its response is released."""

from collections.abc import Awaitable, Iterable, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

import asyncpg

from models.actors import MACHINE_ROLES, Actor
from models.audit import events
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.errors import Unavailable
from resolvers.batch_loader import BatchLoader
from resolvers.recent_reads import Claims, ReadKey
from resolvers.recent_refusals import RecentRefusals


class AccessLog:
    """The access events of one request that are not written yet."""

    __slots__ = ("_actor", "_events", "_operation", "_operation_hash", "_questions", "_read", "_written")

    def __init__(self, actor: Actor, operation: str | None, operation_hash: bytes | None) -> None:
        self._actor = actor
        self._operation = operation
        self._operation_hash = operation_hash
        self._read: dict[UUID | None, tuple[str, ...]] = {}
        """The fields read of each subject."""
        self._written: dict[UUID | None, tuple[str, ...]] = {}
        """Those of them that were drained before."""
        self._events: list[EventGroup] = []
        self._questions: dict[tuple[str, UUID | None], None] = {}

    def record_question(self, coordinate: str, subject_id: UUID | None) -> None:
        """Record that a query asked about a person; None for one that is not registered.

        Where the same request reads personal data of the person, that event is the record.
        """
        self._questions[coordinate, subject_id] = None

    @property
    def has_events(self) -> bool:
        """Whether there is anything to drain."""
        return bool(self._read or self._events or self._questions)

    def record_read(self, subject_ids: Iterable[UUID | None], *coordinates: tuple[str, ...]) -> None:
        """Record that these fields of these subjects are about to be shown."""
        for subject_id in subject_ids:
            self._read[subject_id] = _union(self._read.get(subject_id, ()), *coordinates)

    def record_log_read(self, coordinate: str, subject_id: UUID | None) -> None:
        """Record that the audit log itself is about to be shown, whatever the actor's role is."""
        self._read[subject_id] = _union(self._read.get(subject_id, ()), (coordinate,))

    def record_grant_use(self, coordinate: str, subject_id: UUID | None, grant_id: UUID) -> None:
        """Record that a field is read under an access grant."""
        self._add(AccessAction.GRANT, subject_id, (coordinate,), grant_id)

    def record_grant_refusal(self, coordinate: str, subject_id: UUID | None) -> None:
        """Record that a field was refused for lack of an access grant; it does not count as read."""
        self._read[subject_id] = _difference(self._read.get(subject_id, ()), (coordinate,))
        self._add(AccessAction.REFUSED, subject_id, (coordinate,))

    def record_refusal(self, coordinates: Sequence[str]) -> None:
        """Record that the actor was refused these fields."""
        self._add(AccessAction.REFUSED, None, tuple(coordinates))

    def drain(self, groups: list[EventGroup], claims: Claims, refusals: RecentRefusals) -> None:
        """Move the events into these groups, which are to be written now.

        Reads that are alike, as those of several requests for one operation are, become one group. Reads of services
        that were recorded less than a minute ago are left out, and repeated refusals are counted.
        """
        groups += [event for event in self._events if _is_recorded(event, refusals)]
        is_machine = self._actor.role in MACHINE_ROLES
        for subject_id, coordinates in self._read.items():
            written = self._written.get(subject_id)
            unwritten = _difference(coordinates, written) if written else coordinates
            if not unwritten:
                continue
            self._written[subject_id] = _union(written, unwritten) if written else unwritten
            if is_machine:
                unwritten = claims.add(
                    ReadKey(self._actor, self._operation, self._operation_hash, subject_id), unwritten
                )
                if not unwritten:
                    continue
            self._append(groups, self._template(AccessAction.READ, unwritten), subject_id)
        for coordinate, subject_id in self._questions:
            if subject_id is None or subject_id not in self._written:
                self._append(groups, self._template(AccessAction.READ, (coordinate,)), subject_id)
        self._events, self._read, self._questions = [], {}, {}

    @staticmethod
    def _append(groups: list[EventGroup], template: EventTemplate, subject_id: UUID | None) -> None:
        if groups and groups[-1].template == template:
            groups[-1].subject_ids.append(subject_id)
        else:
            groups.append(EventGroup(template, (subject_id,)))

    def _add(
        self, action: AccessAction, subject_id: UUID | None, fields: tuple[str, ...], grant_id: UUID | None = None
    ) -> None:
        self._events.append(EventGroup(self._template(action, fields, grant_id), (subject_id,)))

    def _template(self, action: AccessAction, fields: tuple[str, ...], grant_id: UUID | None = None) -> EventTemplate:
        return EventTemplate(self._actor, action, fields, self._operation, self._operation_hash, grant_id)


def _is_recorded(event: EventGroup, refusals: RecentRefusals) -> bool:
    """Return whether an event is to be written now; refusals that repeat are counted instead."""
    return event.template.action is not AccessAction.REFUSED or refusals.admit(event.template, event.subject_ids[0])


def person_of(row: Any) -> UUID | None:
    """Return the id of the person that a row is about; None without a row, or for a person who is not registered.

    The ``subject_id`` of a row names the owner of its data key. Where that is not the person, ``person_id`` is.
    """
    person_id: UUID | None = getattr(row, "person_id", None) or getattr(row, "subject_id", None)
    return person_id


def write(recorder: BatchLoader, groups: Sequence[EventGroup], refusals: RecentRefusals) -> Awaitable[None]:
    """Send the events at once; what is returned ends when they are committed, or raises UNAVAILABLE."""
    size = sum(len(group.subject_ids) for group in groups)
    return _committed(recorder.request(events.append, groups, size=size), groups, refusals)


async def _committed(writing: Awaitable[Any], groups: Sequence[EventGroup], refusals: RecentRefusals) -> None:
    try:
        await writing
    except BaseException as error:
        for group in groups:
            if group.template.action is AccessAction.REFUSED:
                refusals.forget(group.template, group.subject_ids[0])
        if isinstance(error, asyncpg.PostgresError):
            raise Unavailable from error
        raise


@lru_cache(4096)
def _union(*coordinates: tuple[str, ...]) -> tuple[str, ...]:
    """Return all of these coordinates, each once, sorted."""
    return tuple(sorted({each for some in coordinates for each in some}))


@lru_cache(4096)
def _difference(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    """Return the coordinates that are not among the others."""
    return tuple([each for each in some if each not in others])
