"""Fixtures of the journeys."""

from collections.abc import Iterator

import pytest

from tests.conftest import Databases, Templates
from tests.journeys.isolated_databases import two_databases


@pytest.fixture
def aside(templates: Templates, worker_id: str) -> Iterator[Databases]:
    with two_databases(templates, worker_id) as databases:
        yield databases
