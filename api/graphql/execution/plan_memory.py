"""How much memory compiled operations take: an estimate, which grows as their selections are compiled.

A plan compiles most selections when they are first executed, and may take a thousand times the memory of its text. The
sizes were measured with `tracemalloc`: what operations of very different forms took differed by a third at most.
"""

from typing import Final

BASE_BYTES: Final = 2_000
TOKEN_BYTES: Final = 450
"""The bytes of a token of a document: its part of the nodes, of the arguments and of the cost."""
FIELD_BYTES: Final = 2_100
"""The bytes of one compiled field, with its part of the generated code."""
TEXT_COPIES: Final = 2
"""Texts in a document are kept in its nodes and in the compiled arguments, beside the document itself."""


class MemoryTotal:
    """The bytes of several plans."""

    __slots__ = ("added", "bytes")

    def __init__(self) -> None:
        self.bytes = 0
        self.added = 0
        """The bytes that were ever added."""

    def add(self, count: int) -> None:
        """Add bytes, or take some away where the number is negative."""
        self.bytes += count
        self.added += max(count, 0)


class PlanMemory:
    """The bytes of one plan, and the totals in which they are counted."""

    __slots__ = ("_document", "_totals", "bytes")

    def __init__(self, document: int = 0) -> None:
        """Set the bytes of the document, which stay when compiled fields are dropped."""
        self._document = document
        self._totals: tuple[MemoryTotal, ...] = ()
        self.bytes = document

    @classmethod
    def of_document(cls, text_bytes: int, tokens: int) -> "PlanMemory":
        """Return the memory of a document whose selections are not compiled yet."""
        return cls(BASE_BYTES + TEXT_COPIES * text_bytes + TOKEN_BYTES * tokens)

    def count_in(self, *totals: MemoryTotal) -> None:
        """Count the plan in these totals from now on, and in no other ones."""
        for total in self._totals:
            total.add(-self.bytes)
        for total in totals:
            total.add(self.bytes)
        self._totals = totals

    def add_field(self) -> None:
        """Count one more compiled field."""
        self._add(FIELD_BYTES)

    def drop_fields(self) -> None:
        """Forget all compiled fields."""
        self._add(self._document - self.bytes)

    def _add(self, count: int) -> None:
        self.bytes += count
        for total in self._totals:
            total.add(count)
