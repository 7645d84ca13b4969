"""Tests of the embedded PostgreSQL: start, sharing, kills, unusual directories and operating-system users."""

import asyncio
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

import cli
from cli.embedded import Cluster, EmbeddedError, bundled_binaries
from tests.clusters import initialised

pytestmark = pytest.mark.timeout(120)

DEBIAN = Path("/usr/lib/postgresql/15/bin")
QUICK = {"fsync": "off", "shared_buffers": "16MB"}
IS_ROOT = os.geteuid() == 0
USES_A_CLUSTER = """
import sys, time
from pathlib import Path
from cli.embedded import Cluster
cluster = Cluster(Path(sys.argv[1]), binaries=Path(sys.argv[2]), settings={"fsync": "off", "shared_buffers": "16MB"})
cluster.start()
cluster.create_database("shared")
print(cluster.run("psql", "-Atc", "SELECT current_user"), end="", flush=True)
if sys.argv[3:] == ["stay"]:
    time.sleep(60)
cluster.stop()
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a directory that the server's user can reach; pytest's own is open to root alone."""
    directory = Path(tempfile.mkdtemp(prefix="embedded-", dir="/tmp"))
    directory.chmod(0o755)
    yield directory
    for lock in list(directory.rglob("turn.lock")):
        Cluster(lock.parent).remove()
    shutil.rmtree(directory)


@pytest.fixture(params=["carried", pytest.param("15", marks=pytest.mark.skipif(not DEBIAN.is_dir(), reason="no 15"))])
def binaries(request: pytest.FixtureRequest) -> Path:
    return DEBIAN if request.param == "15" else bundled_binaries()


def test_a_fresh_cluster_answers_every_client_on_its_socket_alone(place: Path, binaries: Path) -> None:
    with Cluster(place / "pg", binaries=binaries, settings=QUICK) as cluster:
        assert cluster.is_running
        cluster.create_database("people")
        cluster.create_database("people")
        cluster.run("psql", "-c", "CREATE ROLE store LOGIN")
        assert asyncio.run(_ask(cluster.url("people", "store"), "SELECT current_user")) == "store"
        assert cluster.run("psql", "-Atc", "SELECT current_database()", cluster.url("people")) == "people\n"
        assert "PostgreSQL database dump" in cluster.run("pg_dump", cluster.url("people"))
        assert cluster.run("psql", "-Atc", "SHOW listen_addresses; SHOW data_checksums; SHOW timezone") == "\non\nUTC\n"
        assert cluster.run("psql", "-Atc", "SHOW server_encoding; SHOW synchronous_commit") == "UTF8\non\n"
    assert not cluster.is_running


def test_its_files_are_private_and_no_directory_around_them_changes(place: Path) -> None:
    around = place / "around"
    around.mkdir(mode=0o755)
    before = around.stat().st_mode
    with Cluster(around / "pg", settings=QUICK) as cluster:
        for name in ("data", "socket"):
            assert stat.S_IMODE((cluster.directory / name).stat().st_mode) == 0o700
    assert around.stat().st_mode == before


def test_neither_statements_nor_the_values_in_errors_reach_its_logs(place: Path, binaries: Path) -> None:
    with Cluster(initialised(place / "pg", binaries), binaries=binaries, settings=QUICK) as cluster:
        for statement in ("SELECT 'canary'::int", "canary", "DO $$BEGIN RAISE WARNING 'canary'; END$$; canary"):
            with pytest.raises(EmbeddedError, match="canary"):
                cluster.run("psql", "-c", statement)
        logs = [*(cluster.directory / "data/log").iterdir(), cluster.directory / "start.log"]
        assert len(logs) > 1
    assert not [log for log in logs if "canary" in log.read_text()]


def test_a_second_start_picks_up_what_runs(place: Path) -> None:
    with Cluster(initialised(place / "pg"), settings=QUICK) as first:
        pid = _postmaster(first)
        with Cluster(place / "pg", settings=QUICK) as second:
            second.start()
            assert _postmaster(second) == pid
        assert first.is_running
    assert not first.is_running


def test_committed_rows_survive_a_killed_postmaster(place: Path, binaries: Path) -> None:
    cluster = Cluster(initialised(place / "pg", binaries), binaries=binaries, settings=QUICK)
    cluster.start()
    cluster.run("psql", "-c", "CREATE TABLE kept (id int); INSERT INTO kept SELECT generate_series(1, 1000)")
    os.kill(_postmaster(cluster), signal.SIGKILL)
    with cluster:
        assert cluster.run("psql", "-Atc", "SELECT count(*) FROM kept") == "1000\n"


def test_a_process_id_that_another_program_got_does_not_stop_a_start(place: Path) -> None:
    cluster = Cluster(initialised(place / "pg"), settings=QUICK)
    cluster.start()
    lines = (cluster.directory / "data/postmaster.pid").read_text().splitlines()
    os.kill(_postmaster(cluster), signal.SIGKILL)
    remains = cluster.directory / "data/postmaster.pid"
    remains.write_text("\n".join([str(os.getppid()), *lines[1:], ""]))
    with cluster:
        assert cluster.is_running


def test_an_interrupted_initdb_is_begun_again(place: Path) -> None:
    unfinished = place / "pg/data.unfinished"
    unfinished.mkdir(parents=True)
    unfinished.joinpath("PG_VERSION").write_text("18\n")
    with Cluster(place / "pg", settings=QUICK) as cluster:
        assert cluster.is_running


@pytest.mark.parametrize(
    "name", ["with a space", 'a\'quote, "two" and 100% $HOME', "x" * 200 + "/" + "ü" * 60 + "/" + "z" * 80]
)
def test_odd_and_very_long_paths_work(place: Path, binaries: Path, name: str) -> None:
    with Cluster(place / name / "pg", binaries=binaries, settings=QUICK) as cluster:
        assert asyncio.run(_ask(cluster.url("postgres"), "SELECT current_user")) == "privacy"
        assert cluster.run("psql", "-Atc", "SELECT 1", cluster.url("postgres")) == "1\n"
        sockets = Path(cluster.run("psql", "-Atc", "SHOW unix_socket_directories").strip().strip('"'))
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    cluster.remove()
    assert not sockets.exists()


def test_the_last_user_stops_it_and_a_killed_user_counts_no_more(place: Path) -> None:
    other = _use(initialised(place / "pg"), "stay")
    cluster = Cluster(place / "pg", settings=QUICK)
    cluster.start()
    cluster.stop()
    assert cluster.is_running
    with pytest.raises(EmbeddedError, match="in use"):
        cluster.remove()
    other.kill()
    other.wait()
    assert cluster.is_running
    with cluster:
        pass
    assert not cluster.is_running


def test_processes_that_start_it_at_once_share_it(place: Path) -> None:
    others = [_use(place / "pg", wait=False) for _ in range(4)]
    assert [other.communicate(timeout=60)[0] for other in others] == ["privacy\n"] * 4
    assert not Cluster(place / "pg").is_running


def test_ctrl_c_in_the_terminal_of_a_service_does_not_reach_it(place: Path) -> None:
    other = _use(initialised(place / "pg"), "stay")
    os.killpg(other.pid, signal.SIGINT)
    other.wait(timeout=20)
    cluster = Cluster(place / "pg")
    # A server that got the signal would accept no connection any more.
    assert cluster.run("psql", "-Atc", "SELECT 1") == "1\n"
    assert cluster.is_running


def test_two_clusters_run_side_by_side(place: Path, binaries: Path) -> None:
    with (
        Cluster(place / "one", binaries=binaries, settings=QUICK) as one,
        Cluster(place / "two", settings=QUICK) as two,
    ):
        one.create_database("mine")
        assert _postmaster(one) != _postmaster(two)
        assert two.run("psql", "-Atc", "SELECT count(*) FROM pg_database WHERE datname = 'mine'") == "0\n"


def test_a_removed_cluster_leaves_nothing(place: Path) -> None:
    cluster = Cluster(place / "pg", settings=QUICK)
    cluster.start()
    cluster.remove()
    assert not cluster.is_running
    assert not cluster.directory.exists()


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="needs two versions")
def test_a_cluster_of_another_version_is_refused(place: Path) -> None:
    with Cluster(place / "pg", binaries=DEBIAN, settings=QUICK):
        pass
    with pytest.raises(EmbeddedError, match=re.escape("created by PostgreSQL 15")):
        Cluster(place / "pg").start()


@pytest.mark.skipif(not IS_ROOT, reason="every other test runs as an ordinary user already")
def test_an_ordinary_user_runs_a_cluster_of_their_own(place: Path, binaries: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    python = next(
        (each for each in (sys.executable, "/usr/bin/python3") if _can_run(each, "-c", "import tomllib")), None
    )
    if python is None or not _can_run(str(binaries / "postgres"), "--version"):
        pytest.skip("nobody can run neither Python 3.11 nor PostgreSQL here")
    shutil.copytree(Path(cli.__file__).parent, place / "code/cli", ignore=shutil.ignore_patterns("__pycache__"))
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    done = subprocess.run(
        [python, "-c", USES_A_CLUSTER, str(place / "pg"), str(binaries)],
        cwd=place / "code",
        env={"PATH": os.defpath},
        user="nobody",
        group=nobody.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("privacy\n", "")
    assert (place / "pg/data").stat().st_uid == nobody.pw_uid
    with Cluster(place / "pg", binaries=binaries) as cluster:
        assert cluster.run("psql", "-Atc", "SELECT current_user") == "privacy\n"


@pytest.mark.skipif(not IS_ROOT, reason="only root has directories that the server's user cannot reach")
def test_a_directory_of_root_alone_keeps_its_mode_and_the_cluster_lives_elsewhere(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    with Cluster(closed / "pg", settings=QUICK) as cluster:
        home = (closed / "pg/elsewhere").readlink()
        assert home.name.startswith("privacy-")
    with cluster:
        assert (closed / "pg/elsewhere").readlink() == home
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    closed.rename(place / "moved")
    with pytest.raises(EmbeddedError, match="of another directory"):
        Cluster(place / "moved/pg").start()
    (place / "moved").rename(closed)
    cluster.remove()
    assert not home.exists()


async def _ask(url: str, question: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def _postmaster(cluster: Cluster) -> int:
    return int((cluster.directory / "data/postmaster.pid").read_text().splitlines()[0])


def _use(directory: Path, *words: str, wait: bool = True) -> subprocess.Popen[str]:
    """Start a process that uses the cluster; return when it does, unless ``wait`` is false."""
    other = subprocess.Popen(
        [sys.executable, "-c", USES_A_CLUSTER, str(directory), str(bundled_binaries()), *words],
        cwd=Path(cli.__file__).parent.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    if wait:
        assert other.stdout is not None
        assert other.stdout.readline() == "privacy\n"
        other.stdout.close()
    return other


def _can_run(*command: str) -> bool:
    try:
        return not subprocess.run(
            command, user="nobody", extra_groups=[], cwd="/", env={}, capture_output=True, check=False
        ).returncode
    except OSError:
        return False
