"""What journeys share."""

from collections.abc import Iterator

import pytest

from cli.embedded import Cluster
from tests.conftest import Databases
from tests.journeys.places import two_databases


@pytest.fixture
def aside(cluster: Cluster, worker_id: str) -> Iterator[Databases]:
    with two_databases(cluster, worker_id) as made:
        yield made
