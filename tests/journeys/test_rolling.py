"""Two API processes behind HAProxy are migrated and replaced one after the other, and no request fails.

``make rolling`` runs the long form: more callers, an older version, and repeated restarts.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from cli.embedded import Cluster
from models.encryption.master_keys import MasterKeys
from tests.cli.commands import environment
from tests.conftest import ROOT, UNSAFE
from tests.journeys.balancer import GIT, HAPROXY, Balancer, Callers, Version
from tests.people import DECIDE, GRANT, OPT_OUT, REGISTER

BEFORE = "65fbf4a"
"""A version from before 20 migrations, the first that is ready on databases of a newer version."""
JUST_BEFORE = "08a078d"
"""The last version that writes the table `consents`."""
LONG_BEFORE = "a9559af"
"""A version whose /readyz is 503 on databases of a newer version: the balancer must ask its /healthz."""


def has_history(commit: str) -> bool:
    command = [GIT, "cat-file", "-e", f"{commit}^{{commit}}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.skipif(not HAPROXY.exists(), reason="HAProxy is not installed: tests/install-peers.sh"),
    pytest.mark.skipif(not has_history(BEFORE), reason="this clone lacks the history of the version before"),
]


@pytest.fixture
def variables(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Start a PostgreSQL with two empty databases and yield the environment of the processes."""
    cluster = Cluster(tmp_path / "postgres", settings=UNSAFE)
    try:
        with cluster:
            for name in ("privacy", "keyring"):
                cluster.create_database(name)
            yield environment() | {
                "PRIVACY_DATABASE_URL": cluster.url("privacy"),
                "PRIVACY_KEYRING_URL": cluster.url("keyring"),
                "PRIVACY_MASTER_KEY": MasterKeys.generate(),
                "PRIVACY_ENVIRONMENT": "development",
                "PRIVACY_LOG_REQUESTS": "false",
            }
    finally:
        cluster.remove()


class Load(NamedTuple):
    """A version that is replaced, the path of the balancer's checks, and what happens meanwhile."""

    commit: str
    check: str
    callers: int
    restarts: int
    pause: float = 0
    """Seconds between the answer to a caller and its next request."""


def upgrade(variables: dict[str, str], folder: Path, load: Load) -> int:
    """Serve with the version of a commit, migrate and replace it while callers ask; return the answers.

    The post-deployment migration runs once the older processes have ended.
    """
    folder.mkdir()
    old = Version.of(load.commit, folder / "old", variables)
    new = Version(ROOT, variables, drains=True)
    old.command("migrate")
    token = old.command("token", "issue", "--name", "store", "--role", "STORE", "--days", "1")
    secret = re.search(r"prv_[\w-]+", token)
    assert secret
    # A balancer that asks /healthz does not notice that a process drains.
    drains = load.check == "/readyz"
    with Balancer(folder, load.check) as balancer:
        balancer.start("one", old)
        person = register(balancer.port, secret.group())
        bodies = [
            {"query": DECIDE, "variables": {"who": {"id": person}, "purpose": "newsletter"}},
            {"query": GRANT, "variables": {"who": {"id": person}, "purpose": "newsletter", "channel": "STORE"}},
            {"query": OPT_OUT, "variables": {"who": {"id": person}, "purposes": ["newsletter"], "channel": "STORE"}},
            {"query": REGISTER, "variables": {"input": {"email": "user@example.com"}}},
        ]
        with Callers(balancer.port, secret.group(), bodies, load.callers, pause=load.pause) as asking:
            asking.wait_for_more()
            new.command("migrate")
            asking.wait_for_more()
            balancer.start("two", new)
            asking.wait_for_more()
            balancer.stop("one", drains=False)
            balancer.start("one", new)
            asking.wait_for_more()
            balancer.stop("two", drains=drains)
            asking.wait_for_more()
            new.command("migrate", "--post-deployment")
            asking.wait_for_more()
            for _ in range(load.restarts):
                balancer.start("two", new)
                balancer.stop("one", drains=drains)
                asking.wait_for_more()
                balancer.start("one", new)
                balancer.stop("two", drains=drains)
                asking.wait_for_more()
        assert asking.failures == {}
        return asking.outcomes["answered"]


def register(port: int, secret: str) -> str:
    caller = Callers(port, secret, [], 0)
    status, body = caller.send({"query": REGISTER, "variables": {"input": {"email": "user@example.com"}}})
    assert status == 200, body
    return str(json.loads(body)["data"]["registerSubject"]["id"])


@pytest.mark.timeout(400)
def test_an_upgrade_and_a_stop_fail_no_request(variables: dict[str, str], tmp_path: Path) -> None:
    assert upgrade(variables, tmp_path / "rolling", Load(BEFORE, "/readyz", callers=2, restarts=0, pause=0.02)) >= 250


@pytest.mark.fuzz
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("commit", "check"), [(JUST_BEFORE, "/readyz"), (BEFORE, "/readyz"), (LONG_BEFORE, "/healthz")]
)
def test_upgrades_and_restarts_under_load_fail_no_request(
    variables: dict[str, str], tmp_path: Path, commit: str, check: str
) -> None:
    count = upgrade(variables, tmp_path / "rolling", Load(commit, check, callers=32, restarts=4))
    sys.stdout.write(
        f"{count} requests were answered and none failed, from {commit} on, with 4 restarts of each process.\n"
    )
    assert count >= 2000
