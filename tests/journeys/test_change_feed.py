"""Readers of the change feed get each change once and in one order, though they, writers and the sequencer are killed.

``python -m benchmarks.change_feed`` does the same with 20 writers, 5 readers and 200,000 changes.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import feed_load
from benchmarks.feed_load import CHANGES
from benchmarks.feed_tasks import FeedLoad
from models.storage.ids import Prefix, parse_id_of
from tests.cli.commands import environment
from tests.conftest import ROOT, Api, Databases


def test_killed_writers_and_readers_lose_and_repeat_no_change(api: Api, databases: Databases, tmp_path: Path) -> None:
    load = FeedLoad(
        databases.url,
        databases.keyring_url,
        api.url,
        api.secrets["STORE"],
        tmp_path,
        [parse_id_of(Prefix.SUBJECT, api.register(f"user{number}@example.com")) for number in range(7)],
        writers=4,
        readers=2,
        changes=2_000,
        kills=4,
    )
    subprocess.run(
        [sys.executable, "-m", "benchmarks.feed_load"],
        input=json.dumps(load._asdict(), default=str),
        text=True,
        cwd=ROOT,
        env=environment(),
        check=True,
        timeout=120,
    )
    changes = load.rows(CHANGES, 0)
    feed_load.verify(load, changes)
    pages = load.pages(0).read_bytes()
    load.pages(1).write_bytes(pages.replace(b"GRANTED", b"WITHDRAWN", 1))
    with pytest.raises(AssertionError, match="reader 1 has"):
        feed_load.verify(load, changes)
