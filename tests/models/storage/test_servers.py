"""What the servers of the first database report decides which one is the primary, and which are fresh enough."""

import time

import pytest
from prometheus_client import REGISTRY

from models.storage import servers
from models.storage.servers import DatabaseServers
from models.storage.wal_position import ServerState, WalPosition

LAG = 10.0


def reported(timeline: int, lsn: int, *, is_standby: bool = False) -> ServerState:
    return ServerState(is_standby, WalPosition(timeline, lsn))


class Known:
    """Three servers, of which the first one is the primary at position 100, asked ``age`` seconds ago."""

    def __init__(self) -> None:
        self.servers = DatabaseServers(["one", "two", "three"], LAG)
        self.primary, self.two, self.three = self.servers.servers
        self.promotions = 0
        self.lost: list[str] = []
        self.servers.on_promotion(self._count)
        self.servers.on_loss(lambda server: self.lost.append(server.name))
        self.report_primary(100)

    def _count(self) -> None:
        self.promotions += 1

    def report_primary(self, lsn: int, *, age: float = 0.0) -> None:
        self.servers._update(self.primary, time.monotonic() - age, reported(1, lsn))

    def report(self, server: servers.Server, timeline: int, lsn: int, *, is_standby: bool = True) -> None:
        self.servers._update(server, time.monotonic(), reported(timeline, lsn, is_standby=is_standby))


def test_a_replica_that_has_replayed_what_the_primary_had_is_chosen() -> None:
    known = Known()
    assert known.servers.choose(None) is None
    known.report(known.two, 1, 99)
    assert known.servers.choose(None) is None
    known.report(known.two, 1, 100)
    assert known.servers.choose(None) is known.two
    assert known.servers.in_use == ["server 2"]


def test_a_replica_stays_fresh_while_the_primary_writes_nothing() -> None:
    known = Known()
    known.report(known.two, 1, 100)
    known.two.fresh_at = time.monotonic() - 2 * LAG
    known.report_primary(100)
    assert known.servers.choose(None) is known.two


def test_a_replica_that_is_behind_for_longer_than_the_lag_is_left_out() -> None:
    known = Known()
    known.report_primary(100, age=LAG / 2)
    known.report_primary(200)
    known.report(known.two, 1, 150)
    assert known.servers.choose(None) is known.two
    known.two.fresh_at -= LAG
    assert known.servers.choose(None) is None


def test_a_caller_gets_a_replica_that_has_what_it_has_seen() -> None:
    known = Known()
    known.report(known.two, 1, 150)
    known.report(known.three, 1, 300)
    chosen = [known.servers.choose(WalPosition(1, lsn)) for lsn in (300, 301)]
    assert chosen == [known.three, None]
    assert known.servers.choose(WalPosition(2, 100)) is None


def test_a_promoted_server_is_the_primary_and_the_former_one_is_not_used() -> None:
    known = Known()
    known.report(known.two, 1, 100)
    known.report(known.three, 1, 100)
    known.report(known.two, 2, 120, is_standby=False)
    assert (known.servers.primary, known.promotions, known.lost) == (known.two, 1, ["server 2"])
    known.report_primary(500)
    assert known.servers.primary is known.two


def test_metrics_show_which_replicas_are_in_use() -> None:
    known = Known()
    known.report(known.two, 1, 100)
    assert exported("server 2") == 1
    known.servers._lose(known.two)
    assert exported("server 2") == 0
    known.report(known.two, 2, 120, is_standby=False)
    assert exported("server 2") is None


def exported(server: str) -> float | None:
    return REGISTRY.get_sample_value("privacy_replica_in_use", {"server": server})


def test_a_replica_of_the_former_primary_is_left_out() -> None:
    known = Known()
    known.report(known.three, 1, 500)
    known.report(known.two, 2, 120, is_standby=False)
    known.report(known.three, 1, 600)
    assert known.servers.choose(None) is None
    known.report(known.three, 2, 600)
    assert known.servers.choose(None) is known.three


def test_what_a_read_of_a_replica_notes_is_on_the_timeline_that_it_follows() -> None:
    """The role of a caller sees the timeline of the last restart point, which was before the promotion."""
    known = Known()
    known.report(known.two, 2, 120, is_standby=False)
    known.report(known.three, 2, 150)
    known.three.note_seen_by_role(WalPosition(1, 170))
    assert known.three.seen == WalPosition(2, 170)


def test_a_former_primary_may_return_as_a_replica() -> None:
    known = Known()
    known.report(known.two, 2, 120, is_standby=False)
    known.report(known.primary, 2, 120)
    assert known.servers.choose(None) is known.primary


@pytest.mark.parametrize("timeline", [1, 2])
def test_a_server_that_is_no_standby_replaces_a_primary_that_was_lost(timeline: int) -> None:
    known = Known()
    known.servers._lose(known.primary)
    known.report(known.three, timeline, 100, is_standby=False)
    assert known.servers.primary is known.three


def test_a_server_of_the_same_timeline_does_not_replace_a_primary_that_answers() -> None:
    known = Known()
    known.report(known.three, 1, 100, is_standby=False)
    assert (known.servers.primary, known.promotions) == (known.primary, 0)


def test_servers_of_another_cluster_are_not_used() -> None:
    known = Known()
    known.two.system = known.three.system = 7
    known.report(known.two, 1, 100)
    known.report(known.three, 9, 100, is_standby=False)
    assert (known.servers.choose(None), known.servers.primary) == (None, known.primary)
