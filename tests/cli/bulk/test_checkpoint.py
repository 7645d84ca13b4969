"""Checkpoints belong to one job and one input; line logs keep the records of processed lines."""

from collections import Counter
from pathlib import Path

import pytest

from cli.bulk.checkpoint import Checkpoint, JobCounts, LineLog

PROGRESS = JobCounts(256, Counter({"new": 250}), Counter({"BAD_INPUT": 6}))


def test_a_saved_checkpoint_is_loaded_by_the_same_job(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "people.progress", ["import", "digest"])
    checkpoint.save(PROGRESS)
    assert checkpoint.load() == PROGRESS
    checkpoint.delete()
    assert checkpoint.load() == JobCounts()
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_of_another_job_or_input_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "people.progress"
    Checkpoint(path, ["import", "digest"]).save(PROGRESS)
    assert Checkpoint(path, ["import", "other digest"]).load() == JobCounts()
    assert Checkpoint(path, ["query", "digest"]).load() == JobCounts()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"work": ["import", "digest"], "done": "many"}'])
def test_a_damaged_checkpoint_is_ignored(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "people.progress"
    path.write_bytes(content)
    assert Checkpoint(path, ["import", "digest"]).load() == JobCounts()


def test_a_line_log_drops_the_records_of_lines_that_are_processed_again(tmp_path: Path) -> None:
    path = tmp_path / "people.rejects.jsonl"
    LineLog(path, 0).append([{"line": 3, "code": "A"}, {"line": 9, "code": "B"}])
    LineLog(path, 5).append([{"line": 8, "code": "C"}])
    assert path.read_text() == '{"line":3,"code":"A"}\n{"line":8,"code":"C"}\n'
    LineLog(path, 0)
    assert not path.exists()
