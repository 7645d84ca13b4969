"""Requests for one operation whose rows are there go on together: what they share is done once for all of them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from api.graphql.execution import Together, as_json
from api.graphql.execution.selection import Level
from models.audit.events import EventGroup
from resolvers.context import AppState, record

if TYPE_CHECKING:
    from api.graphql.errands import Errand

MOST_TOGETHER: Final = 16
"""How many requests go on together at most: what they share is shared well enough, and others get their turn."""
ENOUGH: Final = 10
"""How many go on in any case. While there are others of the same operation, under way or with their rows still to come,
fewer wait for company, until they are half as many as those."""
PATIENCE: Final = 0.02
"""Seconds for which they wait at most."""


class Convoys:
    """Has requests for one operation go on together."""

    def __init__(self, service: AppState) -> None:
        self._service = service
        self._gathering: dict[Level, list[Errand]] = {}
        self._waiting: dict[Level, asyncio.TimerHandle] = {}
        self._others: Counter[Level] = Counter()

    def expect(self, level: Level, count: int = 1) -> None:
        """Count others than those who gather: they are under way, or their rows are yet to come; or count them off."""
        self._others[level] += count
        if not self._others[level]:
            del self._others[level]
        if level in self._waiting and self._are_enough(level):
            asyncio.get_running_loop().call_soon(self._look, level)

    def gather(self, errand: "Errand") -> None:
        """Have an errand whose rows are there go on, together with others that come to the same point meanwhile."""
        level = errand.begun.first.level
        level.leads_on = True
        gathering = self._gathering.setdefault(level, [])
        gathering.append(errand)
        if len(gathering) == 1 or (level in self._waiting and self._are_enough(level)):
            asyncio.get_running_loop().call_soon(self._look, level)

    def _are_enough(self, level: Level) -> bool:
        return level.is_alone or len(self._gathering[level]) >= min(ENOUGH, self._others[level] / 2)

    def _look(self, level: Level) -> None:
        """Have those who have gathered go on, or wait for company."""
        if level not in self._gathering:
            return
        if self._are_enough(level):
            self._go_on(level)
        elif level not in self._waiting:
            self._waiting[level] = asyncio.get_running_loop().call_later(PATIENCE, self._go_on, level)

    def _go_on(self, level: Level) -> None:
        if level in self._waiting:
            self._waiting.pop(level).cancel()
        gathered = self._gathering.pop(level)
        errands = [errand for errand in gathered if not errand.exchange.disconnected]
        for errand in gathered:
            if errand.exchange.disconnected:
                errand.cancelled()
        for group in _groups(errands):
            if len(group) == 1 or level.is_alone:
                for errand in group:
                    errand.go_alone()
            else:
                self.expect(level, len(group))
                _Convoy(self._service, group, partial(self.expect, level, -len(group)))


def _groups(errands: "Sequence[Errand]") -> "Iterator[Sequence[Errand]]":
    """Divide errands into as few groups as may be, of nearly the same size."""
    count = -(-len(errands) // MOST_TOGETHER)
    for number in range(count):
        yield errands[number::count]


class _Convoy:
    """Several requests for one operation, whose rows are there: the rest is done for all of them at once.

    What their answers say is as if each went alone, and so is the record. Where one of them turns out to need more than
    the others, or fails in any way, each does go alone, from its rows on.
    """

    def __init__(self, service: AppState, errands: "Sequence[Errand]", ended: Callable[[], None]) -> None:
        self._service = service
        self._errands = errands
        self._ended = ended
        self._left = len(errands)
        self._task = errands[0].exchange.run(self._go())
        self._task.add_done_callback(self._stopped)
        for errand in errands:
            errand.exchange.promise = self

    def cancel(self) -> None:
        """Count one caller who has hung up; when none is left, stop."""
        self._left -= 1
        if not self._left:
            self._task.cancel()

    async def _go(self) -> None:
        errands = self._errands
        try:
            together = Together([errand.begun for errand in errands], errands[0].context.fresh())
            bodies = await self._recorded(together) if await together.go() else None
            if bodies is None:
                for errand in errands:
                    errand.go_alone()
            else:
                for errand, body in zip(errands, bodies, strict=True):
                    errand.tell(body)
        except Exception as error:  # noqa: BLE001 -- the last net, as on the long road
            for errand in errands:
                errand.fail(error)

    async def _recorded(self, together: Together) -> list[bytes] | None:
        """Give the answers, once what they show is on the record: while PostgreSQL commits that, they are made."""
        entries: list[EventGroup] = []
        for errand in self._errands:
            errand.context.drain(entries)
        if not entries:
            return _bodies(together)
        recording = record(self._service, entries)
        try:
            for _ in range(2):  # the statement leaves in the next turn of the loop
                await asyncio.sleep(0)
            return _bodies(together)
        finally:
            await recording

    def _stopped(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            for errand in self._errands:
                errand.cancelled()
        self._ended()


def _bodies(together: Together) -> list[bytes] | None:
    """Give the answers as they leave; None where each has to find its own."""
    answers = together.regular()
    try:
        return None if answers is None else [as_json({"data": answer}) for answer in answers]
    except TypeError:  # what cannot be put down is one's own failure, not everybody's
        return None
