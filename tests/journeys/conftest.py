"""Fixtures of the journeys."""

from collections.abc import Iterator

import pytest

from tests.conftest import Databases, Templates
from tests.journeys.canary_site import Site, open_site
from tests.journeys.isolated_databases import two_databases


@pytest.fixture
def aside(templates: Templates, worker_id: str) -> Iterator[Databases]:
    with two_databases(templates, worker_id) as databases:
        yield databases


@pytest.fixture
def site(worker_id: str, testrun_uid: str) -> Iterator[Site]:
    with open_site(worker_id, testrun_uid) as site:
        yield site
