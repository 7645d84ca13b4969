"""The operation cache: prepared operations of one process, by document, operation name and role.

It is bounded in memory, and shared fairly: when it is full, the actor whose operations take the most of it loses the
least recently used one.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeAlias

from api.graphql.execution.plan_memory import MemoryTotal
from api.graphql.long_lived import exempt_soon
from api.graphql.prepare import PreparedOperation, preparation_steps
from models.actors import Actor, Role
from models.storage.turns import Steps

MAX_ENTRIES = 2000
MAX_BYTES = 64 * 1024 * 1024
"""The most memory of all cached operations together, as `PlanMemory` estimates it."""
YOUNG_BYTES = 384 * 1024
"""The bytes of new documents and compiled fields after which ``on_growth`` is called: about 6,000 objects."""

Key: TypeAlias = tuple[str, str | None, Role]


class OwnedOperations:
    """The operations that one actor was the first to send, the least recently used one first."""

    def __init__(self) -> None:
        self.entries: OrderedDict[Key, PreparedOperation] = OrderedDict()
        self.memory = MemoryTotal()


class OperationCache:
    """The prepared operations of one process. ``on_growth`` is called when it has a number of new ones."""

    def __init__(self, on_growth: Callable[[], object] = exempt_soon) -> None:
        self._on_growth = on_growth
        self._owners: dict[str, OwnedOperations] = {}
        self._entries: dict[Key, tuple[PreparedOperation, str]] = {}
        self._memory = MemoryTotal()
        self._old_bytes = 0
        """The bytes that had been added at the last call of ``on_growth``."""

    @property
    def bytes(self) -> int:
        """The memory of all cached operations, estimated."""
        return self._memory.bytes

    def get(self, text: str, name: str | None, actor: Actor) -> PreparedOperation | None:
        """Return the operation for the actor's role, if it is cached and the actor has the case that it needs."""
        key = (text, name, actor.role)
        entry = self._entries.get(key)
        if entry is None:
            return None
        prepared, owner = entry
        self._owners[owner].entries.move_to_end(key)
        if self._memory.added - self._old_bytes >= YOUNG_BYTES:
            self._bound()  # the last execution of an operation has compiled more of it
        return None if prepared.needs_case and actor.case is None else prepared

    def preparation_steps(self, text: str, name: str | None, actor: Actor) -> Steps[PreparedOperation]:
        """Prepare and cache the operation, unless it is cached; raise InvalidOperation, or the refusal itself."""
        prepared = self.get(text, name, actor)
        if prepared is None:
            prepared = yield from preparation_steps(text, name, actor)
            if (text, name, actor.role) not in self._entries:  # another request may have prepared it meanwhile
                self._add((text, name, actor.role), prepared, actor.name)
        return prepared

    def _add(self, key: Key, prepared: PreparedOperation, owner: str) -> None:
        owned = self._owners.setdefault(owner, OwnedOperations())
        self._entries[key] = (prepared, owner)
        owned.entries[key] = prepared
        prepared.plan.memory.count_in(owned.memory, self._memory)
        self._bound()

    def _bound(self) -> None:
        """Drop operations until the cache is within its bounds, and call ``on_growth`` where it has grown much."""
        while len(self._entries) > MAX_ENTRIES:
            self._drop_from(max(self._owners, key=lambda name: len(self._owners[name].entries)))
        while self._entries and self._memory.bytes > MAX_BYTES:
            self._drop_from(max(self._owners, key=lambda name: self._owners[name].memory.bytes))
        if self._memory.added - self._old_bytes >= YOUNG_BYTES:
            self._old_bytes = self._memory.added
            self._on_growth()

    def _drop_from(self, owner: str) -> None:
        owned = self._owners[owner]
        key, prepared = owned.entries.popitem(last=False)
        prepared.plan.memory.count_in()
        del self._entries[key]
        if not owned.entries:
            del self._owners[owner]
