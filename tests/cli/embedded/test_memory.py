"""The embedded PostgreSQL takes a quarter of the memory for its shared buffers, within limits."""

from pathlib import Path

import pytest

from cli.embedded.memory import memory_bytes, shared_buffers

GIGABYTE = 2**30


@pytest.mark.parametrize(
    ("memory", "setting"),
    [
        (GIGABYTE // 4, "128MB"),
        (GIGABYTE, "256MB"),
        (8 * GIGABYTE, "2048MB"),
        (64 * GIGABYTE, "4096MB"),
    ],
)
def test_the_buffers_are_a_quarter_of_the_memory(memory: int, setting: str) -> None:
    assert shared_buffers(memory) == setting


def test_the_limit_of_a_container_counts_where_it_is_lower(tmp_path: Path) -> None:
    limited, unlimited = tmp_path / "memory.max", tmp_path / "unlimited"
    limited.write_text("536870912\n")
    unlimited.write_text("max\n")
    machine = memory_bytes(())
    assert memory_bytes((tmp_path / "absent", unlimited)) == machine
    assert memory_bytes((unlimited, limited)) == min(machine, 536870912)
