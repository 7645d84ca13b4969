"""The personal reads of services in the last minute: a repeated read of the same person is not recorded again.

A read is recorded before its response is released. Others like it, in the next minute of this process, add no event.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, NamedTuple
from uuid import UUID

from models.actors import Actor

WINDOW_SECONDS: Final = 60.0
"""How long an event stands for further reads of the same caller, person, operation and fields."""
MAX_ENTRIES: Final = 50_000
"""How many reads are remembered. Beyond that the oldest is forgotten, so that its repetition is recorded again."""

Fields = tuple[str, ...]
Clock = Callable[[], float]


class ReadKey(NamedTuple):
    """The caller, the operation and the person of a read."""

    actor: Actor
    operation: str | None
    operation_hash: bytes | None
    subject_id: UUID | None


@dataclass(slots=True)
class RecordedRead:
    """The fields that were recorded for one key, until when they need no event, and the writes not committed yet."""

    fields: Fields
    expires_at: float
    writes: list["asyncio.Future[None]"] = field(default_factory=list)


class RecentReads:
    """The recorded reads of the last minute."""

    def __init__(self, clock: Clock = monotonic, max_entries: int = MAX_ENTRIES) -> None:
        self._clock = clock
        self._max_entries = max_entries
        self._reads: OrderedDict[ReadKey, RecordedRead] = OrderedDict()

    def claim(self, key: ReadKey, fields: Fields) -> tuple[Fields, RecordedRead]:
        """Return the fields that the caller has to record, and the entry that remembers them.

        The caller adds its write to the entry, and awaits the entry's other writes before it releases a response.
        """
        at = self._clock()
        self._forget_expired(at)
        recorded = self._reads.get(key)
        if recorded is None:
            recorded = self._reads[key] = RecordedRead(fields, at + WINDOW_SECONDS)
            if len(self._reads) > self._max_entries:
                self._reads.popitem(last=False)
            return fields, recorded
        unrecorded = tuple(name for name in fields if name not in recorded.fields)
        recorded.fields += unrecorded
        return unrecorded, recorded

    def forget(self, key: ReadKey, recorded: RecordedRead) -> None:
        """Forget an entry whose write failed, so that the next read is recorded."""
        if self._reads.get(key) is recorded:
            del self._reads[key]

    def _forget_expired(self, at: float) -> None:
        while self._reads and next(iter(self._reads.values())).expires_at <= at:
            self._reads.popitem(last=False)


class Claims:
    """The claims of the requests that are released together."""

    __slots__ = ("_claimed", "_reads", "_writes")

    def __init__(self, reads: RecentReads) -> None:
        self._reads = reads
        self._claimed: list[tuple[ReadKey, RecordedRead]] = []
        self._writes: list[asyncio.Future[None]] = []

    def add(self, key: ReadKey, fields: Fields) -> Fields:
        """Claim a read; return the fields to record now."""
        unrecorded, recorded = self._reads.claim(key, fields)
        self._writes += recorded.writes
        if unrecorded:
            self._claimed.append((key, recorded))
        return unrecorded

    def __bool__(self) -> bool:
        return bool(self._claimed or self._writes)

    def record(self, write: Callable[[], Awaitable[None]] | None) -> Awaitable[None]:
        """Start this write, if there is one. What is returned ends when it and the writes of others are committed."""
        try:
            writes = [*self._writes, *([self._start(write())] if write else [])]
        except Exception:
            self._forget()
            raise
        return _committed(writes)

    def _start(self, writing: Awaitable[None]) -> "asyncio.Future[None]":
        write = asyncio.ensure_future(writing)
        for _, recorded in self._claimed:
            recorded.writes.append(write)
        write.add_done_callback(self._done)
        return write

    def _done(self, write: "asyncio.Future[None]") -> None:
        for _, recorded in self._claimed:
            recorded.writes.remove(write)
        if write.cancelled() or write.exception() is not None:
            self._forget()

    def _forget(self) -> None:
        for key, recorded in self._claimed:
            self._reads.forget(key, recorded)


async def _committed(writes: Sequence["asyncio.Future[None]"]) -> None:
    for write in writes:
        # A cancelled request must not cancel the write that others await.
        await asyncio.shield(write)
