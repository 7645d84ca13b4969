"""The memory of this machine, and how much of it the embedded PostgreSQL takes for its shared buffers."""

import os
from collections.abc import Iterable
from pathlib import Path

MIN_BUFFERS = 128 * 2**20
MAX_BUFFERS = 4 * 2**30
MEMORY_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""The files that hold the memory limit of a container, of version 2 and 1 of control groups."""


def memory_bytes(limits: Iterable[Path] = MEMORY_LIMITS) -> int:
    """Return the memory of this machine, or the lower limit of this container."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in limits:
        text = path.read_text().strip() if path.exists() else ""
        if text.isdecimal():
            memory = min(memory, int(text))
    return memory


def shared_buffers(memory: int) -> str:
    """Return PostgreSQL's setting for this memory: a quarter of it, at least 128 MB and at most 4 GB."""
    return f"{min(max(memory // 4, MIN_BUFFERS), MAX_BUFFERS) // 2**20}MB"
