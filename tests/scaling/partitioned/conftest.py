"""The databases and the service of the suite once more, with the tables about people in hash partitions."""

import asyncio

import pytest

from cli import database_roles
from cli.embedded import Cluster
from tests.conftest import Databases, Templates, cleaners, running, served, world_pools
from tests.scaling.partitioning import partition

__all__ = ["cleaners", "running", "served", "world_pools"]  # fixtures of this folder, made anew for its databases


class PartitionedTemplates(Templates):
    """Copies of the usual templates whose tables about people are in partitions."""

    prefix = "partitioned"

    def __init__(self, cluster: Cluster, run: str, templates: Templates) -> None:
        super().__init__(cluster, run)
        self._templates = templates

    def _make(self, history: str, name: str) -> None:
        self._templates.make_once()
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE {self._templates.prefix}_{history} STRATEGY FILE_COPY')
        if history == "privacy":
            asyncio.run(partition(self._cluster.url(name)))
            asyncio.run(database_roles.apply(history, self._cluster.url(name)))


@pytest.fixture(scope="session")
def templates(cluster: Cluster, testrun_uid: str, templates: Templates) -> Templates:
    return PartitionedTemplates(cluster, testrun_uid, templates)


@pytest.fixture(scope="session")
def databases(templates: Templates, worker_id: str) -> Databases:
    return templates.copy(f"partitioned_{worker_id}", f"partitioned_keyring_{worker_id}")
