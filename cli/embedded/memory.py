"""The memory of this machine, and how much of it the embedded PostgreSQL takes for its shared buffers."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

MIN_BUFFERS = 128 * 2**20
MAX_BUFFERS = 4 * 2**30
MEMBERSHIP = Path("/proc/self/cgroup")
"""The control groups of this process, one of each hierarchy a line: a number, the controllers, and the path."""
CONTROL_GROUPS = Path("/sys/fs/cgroup")
"""Where the hierarchies are mounted. A container sees its own control group here, whatever its path says."""


def memory_bytes(limits: Iterable[Path] | None = None) -> int:
    """Return the memory of this machine, or the lowest limit of this process, such as that of its container."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in limit_files() if limits is None else limits:
        text = path.read_text().strip() if path.exists() else ""
        if text.isdecimal():
            memory = min(memory, int(text))
    return memory


def limit_files(membership: Path = MEMBERSHIP, root: Path = CONTROL_GROUPS) -> Iterator[Path]:
    """Yield the files that hold a memory limit of this process: of its control group, and of each one around it.

    They are those of version 2 of control groups, and of version 1. Any of them may be absent.
    """
    for line in membership.read_text().splitlines() if membership.exists() else ():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            hierarchy, name = root, "memory.max"
        elif "memory" in controllers.split(","):
            hierarchy, name = root / "memory", "memory.limit_in_bytes"
        else:
            continue
        group = hierarchy / path.lstrip("/")
        yield from (each / name for each in (group, *group.parents) if each.is_relative_to(hierarchy))


def shared_buffers(memory: int) -> str:
    """Return PostgreSQL's setting for this memory: a quarter of it, at least 128 MB and at most 4 GB."""
    return f"{min(max(memory // 4, MIN_BUFFERS), MAX_BUFFERS) // 2**20}MB"
