"""A PostgreSQL server with streaming standbys, which a test may pause, kill and promote."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import migrations
from cli import database_roles
from cli.embedded import Cluster
from cli.embedded.data_dir import resolve_data_path
from models.access.database_roles import LOGIN
from tests.conftest import ROOT, UNSAFE

DURABLE: Mapping[str, str] = {**UNSAFE, "synchronous_commit": "on", "full_page_writes": "on", "wal_keep_size": "512MB"}
"""A server that can be killed, and whose commits wait for a synchronous standby where it has one."""


def primary_in(folder: Path) -> Cluster:
    """Start a server with an empty first database of the newest migrations, set up as the documents say."""
    cluster = Cluster(folder, settings=DURABLE)
    cluster.remove()
    cluster.start()
    psql(cluster, *printed_sql("operating.md", "First start")[:1], database="postgres")
    owner = cluster.url("privacy", "owner")
    asyncio.run(migrations.upgrade("privacy", owner))
    asyncio.run(database_roles.apply("privacy", owner, [LOGIN]))
    psql(cluster, *printed_sql("scaling.md", "Set up"))
    return cluster


def printed_sql(document: str, title: str) -> list[str]:
    """Return the blocks of SQL in a section of a document."""
    section = re.split(r"\n#+ ", (ROOT / "docs" / document).read_text().partition(f"# {title}\n")[2])[0]
    return re.findall(r"^```sql\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def standby_in(folder: Path, primary: Cluster) -> Cluster:
    """Start a standby of a server, made with pg_basebackup; it is named after its folder."""
    cluster = Cluster(folder, settings=DURABLE)
    cluster.remove()
    # The first start chooses the directory and the programs, for a server that is then replaced.
    cluster.start()
    replace(cluster, primary)
    return cluster


def replace(cluster: Cluster, primary: Cluster) -> None:
    """End a server, whatever its state is, and start a standby of another server in its place."""
    root = resolve_data_path(cluster.directory)
    kill(cluster)
    for path in (root / "socket").resolve().glob(".s.PGSQL.*"):
        path.unlink()
    owner = (root / "data").stat()
    shutil.rmtree(root / "data")
    with (resolve_data_path(primary.directory) / "pg_hba.conf").open("a") as rules:
        rules.write("local replication replicator trust\n")
    psql(primary, "SELECT pg_reload_conf()")
    options = ("--username=replicator", f"--pgdata={root / 'data'}", "--checkpoint=fast", "--no-sync")
    primary.run("pg_basebackup", *options, "--wal-method=stream")
    (root / "data" / "standby.signal").touch()
    for path in ((root / "data"), *(root / "data").rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    cluster._settings["primary_conninfo"] = conninfo(primary, cluster.directory.name)
    cluster.start()
    # The backup has what ALTER SYSTEM has set on its source.
    psql(cluster, "ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()")


def conninfo(primary: Cluster, name: str) -> str:
    return f"host='{sockets_of(primary)}' port=5432 user=replicator application_name={name}"


def sockets_of(cluster: Cluster) -> Path:
    """Return the directory of the sockets of a server."""
    return (resolve_data_path(cluster.directory) / "socket").resolve()


def psql(cluster: Cluster, *statements: str, database: str = "privacy") -> str:
    """Run statements one after the other as a superuser, and return the last output."""
    options = (f"--dbname={database}", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
    return cluster.run("psql", *options, text=";\n".join(statements)).strip()


def wait_for(cluster: Cluster, condition: str) -> None:
    """Wait until a condition in SQL holds on a server."""
    deadline = time.monotonic() + 60
    while psql(cluster, f"SELECT {condition}") != "t":
        assert time.monotonic() < deadline, condition
        time.sleep(0.02)


@contextlib.contextmanager
def paused(*standbys: Cluster) -> Iterator[None]:
    """Keep standbys as they are, while the primary goes on."""
    for standby in standbys:
        psql(standby, "SELECT pg_wal_replay_pause()")
        wait_for(standby, "pg_get_wal_replay_pause_state() = 'paused'")
    try:
        yield
    finally:
        for standby in standbys:
            psql(standby, "SELECT pg_wal_replay_resume()")


def catch_up(primary: Cluster, *standbys: Cluster) -> None:
    """Wait until standbys have replayed all that the primary has written."""
    position = psql(primary, "SELECT pg_current_wal_flush_lsn()")
    for standby in standbys:
        wait_for(standby, f"pg_last_wal_replay_lsn() >= '{position}'")


def kill(cluster: Cluster) -> None:
    """End every process of a server by SIGKILL, if it runs, and wait for their end."""
    processes = _send(cluster, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{process}/cwd").exists() for process in processes):
        assert time.monotonic() < deadline, "killed processes did not end"
        time.sleep(0.01)


def suspend(cluster: Cluster) -> None:
    """Suspend every process of a server: it keeps its connections and answers nothing."""
    _send(cluster, signal.SIGSTOP)


def _send(cluster: Cluster, number: signal.Signals) -> list[int]:
    """Send a signal to every process of a server, and return their ids."""
    pid_file = resolve_data_path(cluster.directory) / "data" / "postmaster.pid"
    postmaster = int(pid_file.read_text().partition("\n")[0])
    try:
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    except FileNotFoundError:
        return []
    processes = [postmaster, *map(int, children)]
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)
    return processes
