"""Chooses the server that a request reads from: the primary, or a replica that is fresh enough for it."""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

from models.access.database_roles import READERS
from models.actors import Actor, Role
from models.storage.database import Database
from models.storage.servers import DatabaseServers, Server
from models.storage.wal_position import WalPosition
from resolvers.batch_loader import BatchLoader
from resolvers.replica_loader import RoutedLoader

DECISION_FIELDS: Final = frozenset(
    {
        "Query.consentDecision",
        "Query.consentDecisions",
        "Query.disclosureDecision",
        "Subject.decisions",
    }
)
"""Fields that permit processing. They are read from the primary unless the operator decides otherwise."""
PRIMARY_FIELDS: Final = frozenset({"SyncAccount.files", "Query.erasedAccounts"})
"""Fields that are read from the primary: a grant may just have been closed, or a person just been erased."""


class RoutedContext(Protocol):
    """What the router sets in the context of a request."""

    actor: Actor
    reader: BatchLoader


class Route(NamedTuple):
    """The server that a request reads from, and whether its response names the position of what it shows."""

    servers: DatabaseServers
    replica: Server | None
    shows_position: bool

    @property
    def position(self) -> str | None:
        """The position that includes all that the request has seen; None where the response names none."""
        return (self.replica or self.servers.primary).seen.format() if self.shows_position else None


class ReadRouter:
    """Chooses a server for each request of a process with replicas."""

    def __init__(self, database: Database, readers: Mapping[Role, BatchLoader], *, decides_on_replicas: bool) -> None:
        self.servers = servers = database.servers
        self._primary_fields = PRIMARY_FIELDS if decides_on_replicas else PRIMARY_FIELDS | DECISION_FIELDS
        self._loaders: dict[tuple[Server | None, bool, Role], BatchLoader] = {}
        """The batch loaders by replica, or None for the primary, by whether they note positions, and by role."""
        if servers is None:
            return
        for role, name in READERS.items():
            pool = database.role_readers.get(name, database.readers)
            primaries = {False: readers[role], True: RoutedLoader(pool, servers, is_positioned=True)}
            for is_positioned, primary in primaries.items():
                self._loaders[None, is_positioned, role] = primary
                for replica, pools in database.replica_readers.items():
                    self._loaders[replica, is_positioned, role] = RoutedLoader(
                        pools.get(name, pools[None]),
                        servers,
                        replica=replica,
                        primary=primary,
                        is_positioned=is_positioned,
                    )

    def route(self, context: RoutedContext, query_fields: frozenset[str] | None, position: str | None) -> Route:
        """Choose the server for a request, and set the batch loader of its context.

        ``query_fields`` are the coordinates that a query selects, and None for a mutation. ``position`` is the text
        that the caller has named. A text that is no position of this database makes the request read from the primary.
        """
        servers, replica = self.servers, None
        assert servers, "requests are routed only where there are replicas"  # noqa: S101
        named = None if position is None else WalPosition.parse(position)
        if query_fields is not None and (position is None or named) and self._primary_fields.isdisjoint(query_fields):
            replica = servers.choose(named)
        shows_position = position is not None or query_fields is None
        context.reader = self._loaders[replica, shows_position, context.actor.role]
        return Route(servers, replica, shows_position)
