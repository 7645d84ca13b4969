"""The embedded PostgreSQL takes a quarter of the memory for its shared buffers, within limits."""

from pathlib import Path

import pytest

from cli.embedded.memory import limit_files, memory_bytes, shared_buffers

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


def test_the_lowest_limit_counts_where_it_is_below_the_memory_of_the_machine(tmp_path: Path) -> None:
    limited, unlimited = tmp_path / "memory.max", tmp_path / "unlimited"
    limited.write_text("536870912\n")
    unlimited.write_text("max\n")
    machine = memory_bytes(())
    assert memory_bytes((tmp_path / "absent", unlimited)) == machine
    assert memory_bytes((unlimited, limited)) == min(machine, 536870912)


@pytest.mark.parametrize(
    ("membership", "limits", "limit"),
    [
        pytest.param("0::/", {"memory.max": "268435456"}, 268435456, id="a container"),
        pytest.param(
            "0::/docker/4f1c", {"memory.max": "268435456"}, 268435456, id="a container that sees the path of its host"
        ),
        pytest.param(
            "0::/system.slice/privacy.service",
            {"system.slice/privacy.service/memory.max": "max", "system.slice/memory.max": "402653184"},
            402653184,
            id="a unit of systemd in a limited slice",
        ),
        pytest.param(
            "3:cpu,cpuacct:/pod\n2:memory:/pod/one\n0::/",
            {"memory/pod/one/memory.limit_in_bytes": "134217728", "cpu/pod/memory.limit_in_bytes": "1"},
            134217728,
            id="version 1",
        ),
        pytest.param(
            "2:memory:/", {"memory/memory.limit_in_bytes": str(2**63 - 4096)}, None, id="version 1 without a limit"
        ),
        pytest.param("0::/", {"memory.max": "max"}, None, id="version 2 without a limit"),
        pytest.param("", {}, None, id="no control groups"),
    ],
)
def test_the_limit_of_a_container_or_a_unit_is_its_memory(
    tmp_path: Path, membership: str, limits: dict[str, str], limit: int | None
) -> None:
    (tmp_path / "membership").write_text(f"{membership}\n" if membership else "")
    for name, text in limits.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    machine = memory_bytes(())
    files = limit_files(tmp_path / "membership", tmp_path / "groups")
    assert memory_bytes(files) == (machine if limit is None else min(machine, limit))
