"""Requests for one operation whose rows are there go on together: what they share is done once for all of them."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from api.execution import Together
from api.execution.levels import Level
from resolvers.context import Service, record

if TYPE_CHECKING:
    from api.errands import Errand

MOST_TOGETHER: Final = 16
"""How many requests go on together at most: what they share is shared well enough, and others get their turn."""


class Convoys:
    """Has requests for one operation go on together."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._gathering: dict[Level, list[Errand]] = {}

    def gather(self, errand: "Errand") -> None:
        """Have an errand whose rows are there go on, together with others that come to the same point in this turn."""
        level = errand.begun.first.level
        gathering = self._gathering.get(level)
        if gathering is None:
            self._gathering[level] = [errand]
            asyncio.get_running_loop().call_soon(self._go_on, level)
        else:
            gathering.append(errand)

    def _go_on(self, level: Level) -> None:
        gathered = self._gathering.pop(level)
        errands = [errand for errand in gathered if not errand.exchange.disconnected]
        for errand in gathered:
            if errand.exchange.disconnected:
                errand.cancelled()
        for start in range(0, len(errands), MOST_TOGETHER):
            group = errands[start : start + MOST_TOGETHER]
            if len(group) == 1 or level.is_alone:
                for errand in group:
                    errand.go_alone()
            else:
                _Convoy(self._service, group)


class _Convoy:
    """Several requests for one operation, whose rows are there: the rest is done for all of them at once.

    What their answers say is as if each went alone, and so is the record. Where one of them turns out to need more than
    the others, or fails in any way, each does go alone, from its rows on.
    """

    def __init__(self, service: Service, errands: "Sequence[Errand]") -> None:
        self._service = service
        self._errands = errands
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
            answers = await self._recorded(together) if await together.go() else None
            if answers is None:
                for errand in errands:
                    errand.go_alone()
            else:
                for errand, data in zip(errands, answers, strict=True):
                    errand.tell(data)
        except Exception as error:  # noqa: BLE001 -- the last net, as on the long road
            for errand in errands:
                errand.fail(error)

    async def _recorded(self, together: Together) -> list[dict[str, object]] | None:
        """Give the answers, once what they show is on the record: while PostgreSQL commits that, they are built."""
        events = [event for errand in self._errands for event in errand.context.taken_down()]
        if not events:
            return together.regular()
        recording = record(self._service, events)
        try:
            for _ in range(2):  # the statement leaves in the next turn of the loop
                await asyncio.sleep(0)
            return together.regular()
        finally:
            await recording

    def _stopped(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            for errand in self._errands:
                errand.cancelled()
