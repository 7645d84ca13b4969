"""The operation cache: prepared operations of one process, by document, operation name and role.

It is bounded, and shared fairly: when it is full, the actor with the most entries loses the least recently used one.
"""

from collections import OrderedDict

from api.access import policy
from api.graphql.prepare import PreparedOperation, prepare
from models.actors import Actor, Role

MAX_ENTRIES = 2000
MAX_CHARACTERS = 16 * 1024 * 1024
"""The most characters of all cached documents together."""


class OperationCache:
    """The prepared operations of one process."""

    def __init__(self) -> None:
        self._owners: dict[str, OrderedDict[tuple[str, str | None, Role], PreparedOperation]] = {}
        self._entries: dict[tuple[str, str | None, Role], tuple[PreparedOperation, str]] = {}
        self._characters = 0

    def get_or_prepare(self, text: str, name: str | None, actor: Actor) -> PreparedOperation:
        """Return the operation for the actor's role; raise InvalidOperation, or the refusal itself."""
        prepared = self.get(text, name, actor)
        if prepared is None:
            prepared = prepare(text, name, actor)
            self._add((text, name, actor.role), prepared, actor.name)
        return prepared

    def get(self, text: str, name: str | None, actor: Actor) -> PreparedOperation | None:
        """Return the operation, if it is cached; raise CaseRequired where it needs a case and the actor has none."""
        key = (text, name, actor.role)
        entry = self._entries.get(key)
        if entry is None:
            return None
        prepared, owner = entry
        self._owners[owner].move_to_end(key)
        if prepared.needs_case and actor.case is None:
            policy.check_access(actor, prepared.coordinates)
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
