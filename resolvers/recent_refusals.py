"""The refusals of the last minute: equal ones are counted in one event, so that a flood of refusals adds few rows.

The first refusal of a kind is recorded before it is answered. Those that follow within a minute are counted, and one
event with their number is written after the minute. A caller whose refusals are of many kinds gets one event for all
of the further kinds.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from models.actors import Actor
from models.audit import events
from models.audit.events import EventGroup, EventTemplate
from models.storage.database import OUTAGE_ERRORS, Database

WINDOW_SECONDS: Final = 60.0
"""How long refusals of one kind are counted together."""
MAX_KINDS: Final = 20
"""How many kinds of refusals of one caller are recorded apart within a window."""

Clock = Callable[[], float]


class RefusalKind(NamedTuple):
    """What equal refusals have in common."""

    template: EventTemplate
    subject_id: UUID | None


@dataclass(slots=True)
class RefusalWindow:
    """The refusals of one kind after the first one, and when they are to be written."""

    kind: RefusalKind
    ends_at: float
    count: int = 0

    def to_group(self) -> EventGroup:
        """Return the event that counts these refusals."""
        return EventGroup(self.kind.template._replace(occurrences=self.count), (self.kind.subject_id,))


class RecentRefusals:
    """The windows of all callers of one process."""

    def __init__(self, clock: Clock = monotonic, max_kinds: int = MAX_KINDS) -> None:
        self._clock = clock
        self._max_kinds = max_kinds
        self._windows: OrderedDict[RefusalKind, RefusalWindow] = OrderedDict()
        self._others: dict[tuple[str, str | None], RefusalWindow] = {}
        """The window of all further kinds, by the name and the identity of the caller."""
        self._kind_counts: dict[tuple[str, str | None], int] = {}
        self._unwritten: list[EventGroup] = []

    def admit(self, template: EventTemplate, subject_id: UUID | None) -> bool:
        """Return whether a refusal is to be recorded now; otherwise count it."""
        at = self._clock()
        self._close(at)
        kind = RefusalKind(template, subject_id)
        window = self._windows.get(kind)
        if window is not None:
            window.count += 1
            return False
        caller = template.actor.name, template.actor.identity
        kind_count = self._kind_counts.get(caller, 0)
        if kind_count >= self._max_kinds and subject_id is None:
            self._count_other(caller, template, at)
            return False
        self._windows[kind] = RefusalWindow(kind, at + WINDOW_SECONDS)
        self._kind_counts[caller] = kind_count + 1
        return True

    def forget(self, template: EventTemplate, subject_id: UUID | None) -> None:
        """Forget a refusal that could not be recorded, so that the next one is recorded."""
        window = self._windows.pop(RefusalKind(template, subject_id), None)
        if window is not None:
            self._end(window)

    async def write(self, database: Database, *, is_final: bool = False) -> None:
        """Write the counts of the windows that have ended, or of all. What cannot be written now is kept."""
        self._close(float("inf") if is_final else self._clock())
        groups, self._unwritten = self._unwritten, []
        if not groups:
            return
        try:
            async with database.writers.acquire() as connection:
                await events.append(connection, groups)
        except BaseException as error:
            self._unwritten = [*groups, *self._unwritten]
            if not isinstance(error, (*OUTAGE_ERRORS, asyncpg.PostgresError)):
                raise

    def _count_other(self, caller: tuple[str, str | None], template: EventTemplate, at: float) -> None:
        """Count a refusal of a further kind. Its case and its operation are left out, its fields are kept."""
        window = self._others.get(caller)
        fields = template.fields
        if window is None:
            actor: Actor = template.actor._replace(case=None)
            shared = EventTemplate(actor, template.action, fields)
            window = self._others[caller] = RefusalWindow(RefusalKind(shared, None), at + WINDOW_SECONDS)
        else:
            shared = window.kind.template
            if not set(fields) <= set(shared.fields):
                fields = tuple(sorted({*shared.fields, *fields}))
                window.kind = RefusalKind(shared._replace(fields=fields), None)
        window.count += 1

    def _close(self, at: float) -> None:
        """End the windows whose time is over."""
        while self._windows and next(iter(self._windows.values())).ends_at <= at:
            self._end(self._windows.popitem(last=False)[1])
        for caller in [caller for caller, window in self._others.items() if window.ends_at <= at]:
            self._unwritten.append(self._others.pop(caller).to_group())

    def _end(self, window: RefusalWindow) -> None:
        actor = window.kind.template.actor
        caller = actor.name, actor.identity
        self._kind_counts[caller] -= 1
        if not self._kind_counts[caller]:
            del self._kind_counts[caller]
        if window.count:
            self._unwritten.append(window.to_group())
