"""The operation cache: prepared operations of one process, by document, operation name and role.

It is bounded, and shared fairly: when it is full, the actor with the most entries loses the least recently used one.
"""

from collections import OrderedDict
from collections.abc import Callable

from api.graphql.long_lived import exempt_soon
from api.graphql.prepare import PreparedOperation, preparation_steps
from models.actors import Actor, Role
from models.storage.turns import Steps

MAX_ENTRIES = 2000
MAX_CHARACTERS = 1024 * 1024
"""The most characters of all cached documents together. A character costs 40 to 120 bytes of prepared parts."""
YOUNG_CHARACTERS = 4 * 1024
"""The characters of new documents after which ``on_growth`` is called. A character makes about one object."""


class OperationCache:
    """The prepared operations of one process. ``on_growth`` is called when it has a number of new ones."""

    def __init__(self, on_growth: Callable[[], object] = exempt_soon) -> None:
        self._on_growth = on_growth
        self._young_characters = 0
        self._owners: dict[str, OrderedDict[tuple[str, str | None, Role], PreparedOperation]] = {}
        self._entries: dict[tuple[str, str | None, Role], tuple[PreparedOperation, str]] = {}
        self._characters = 0

    def get(self, text: str, name: str | None, actor: Actor) -> PreparedOperation | None:
        """Return the operation for the actor's role, if it is cached and the actor has the case that it needs."""
        key = (text, name, actor.role)
        entry = self._entries.get(key)
        if entry is None:
            return None
        prepared, owner = entry
        self._owners[owner].move_to_end(key)
        return None if prepared.needs_case and actor.case is None else prepared

    def preparation_steps(self, text: str, name: str | None, actor: Actor) -> Steps[PreparedOperation]:
        """Prepare and cache the operation, unless it is cached; raise InvalidOperation, or the refusal itself."""
        prepared = self.get(text, name, actor)
        if prepared is None:
            prepared = yield from preparation_steps(text, name, actor)
            if (text, name, actor.role) not in self._entries:  # another request may have prepared it meanwhile
                self._add((text, name, actor.role), prepared, actor.name)
        return prepared

    def _add(self, key: tuple[str, str | None, Role], prepared: PreparedOperation, owner: str) -> None:
        self._entries[key] = (prepared, owner)
        self._owners.setdefault(owner, OrderedDict())[key] = prepared
        self._characters += len(key[0])
        while len(self._entries) > MAX_ENTRIES or self._characters > MAX_CHARACTERS:
            largest = max(self._owners, key=lambda name: len(self._owners[name]))
            dropped, _ = self._owners[largest].popitem(last=False)
            if not self._owners[largest]:
                del self._owners[largest]
            del self._entries[dropped]
            self._characters -= len(dropped[0])
        self._young_characters += len(key[0])
        if self._young_characters >= YOUNG_CHARACTERS:
            self._young_characters = 0
            self._on_growth()
