"""Serves on a PostgreSQL of its own, runs the audits, prints each; non-zero unless all that MUST and SHOULD be pass."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import migrations
from cli import database_roles
from cli.embedded import Cluster
from models.encryption.master_keys import MasterKeys
from tests.conftest import ROOT, Databases, Running, issued, settings_for

HERE = Path(__file__).parent


def databases_on(cluster: Cluster) -> Databases:
    """Make the two databases, empty."""
    for history in migrations.HISTORIES:
        cluster.run("dropdb", "--if-exists", "--force", history)
        cluster.create_database(history)
        asyncio.run(migrations.upgrade(history, cluster.url(history)))
        asyncio.run(database_roles.apply(history, cluster.url(history)))
    return Databases(cluster, cluster.url("privacy"), cluster.url("keyring"), MasterKeys.generate())


def audited(url: str, token: str) -> list[dict[str, Any]]:
    """Return the results of the audits."""
    environment = os.environ | {"PRIVACY_URL": f"{url}/graphql", "PRIVACY_TOKEN": token}
    done = subprocess.run(
        ["node", "audit.mjs"],  # noqa: S607 -- whichever Node.js the caller's path names
        cwd=HERE,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    audits: list[dict[str, Any]] = json.loads(done.stdout)
    return audits


def main() -> int:
    """Run the audits; return the exit status."""
    with Cluster(ROOT / "var" / "conformance", settings={"fsync": "off"}) as cluster:
        databases = databases_on(cluster)
        secrets = asyncio.run(issued(databases))
        with Running(settings_for(databases, log_requests=False)) as url:
            audits = audited(url, secrets["STORE"])
    for audit in audits:
        sys.stdout.write(f"{audit['status']:6} {audit['id']}  {audit['name']}  {audit['reason']}".rstrip() + "\n")
    failed = [audit for audit in audits if audit["status"] != "ok" and not audit["name"].startswith("MAY")]
    sys.stdout.write(f"{len(audits)} audits, {len(failed)} of what MUST and SHOULD be failed\n")
    return 1 if failed or not audits else 0


if __name__ == "__main__":
    sys.exit(main())
