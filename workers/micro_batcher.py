"""Joining: what several letters ask of PostgreSQL at the same moment is one statement and one commit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


class MicroBatcher(Generic[_Asked, _Answer]):
    """Gathers what is asked for while the last statement runs, then asks for all of it at once.

    Nobody waits for company: what is asked for while nothing runs goes alone. An error is everybody's.
    """

    def __init__(self, act: Callable[[Sequence[_Asked]], Awaitable[Sequence[_Answer]]]) -> None:
        self._act = act
        self._waiting: list[tuple[_Asked, asyncio.Future[_Answer]]] = []
        self._acting: asyncio.Task[None] | None = None

    async def __call__(self, asked: _Asked) -> _Answer:
        """Give the answer to this one; it stands when this returns."""
        answered: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answered))
        if self._acting is None or self._acting.done():
            self._acting = asyncio.create_task(self._act_for_all())
        return await answered

    async def _act_for_all(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting, []
            try:
                answers = await self._act([asked for asked, _ in together])
            except Exception as problem:  # noqa: BLE001 -- it is raised again in each who asked
                for _, answered in together:
                    if not answered.done():
                        answered.set_exception(problem)
            else:
                for (_, answered), answer in zip(together, answers, strict=True):
                    if not answered.done():
                        answered.set_result(answer)
