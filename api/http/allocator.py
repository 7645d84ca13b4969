"""The memory allocator of the C library: it returns what large requests took to the system.

glibc raises its thresholds with each larger block that is freed (mallopt(3), M_MMAP_THRESHOLD). After one body of a few
mebibytes it keeps tens of mebibytes: small objects that live on keep the blocks around them from being returned.
"""

import ctypes
from typing import Final

M_TRIM_THRESHOLD: Final = -1
M_MMAP_THRESHOLD: Final = -3
LARGE_BLOCK: Final = 512 * 1024
"""Octets from which a block is mapped by itself, and is returned to the system when it is freed."""


def return_freed_memory() -> bool:
    """Fix the thresholds of glibc; return False, and change nothing, where the C library is another one."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        return False
    thresholds = (M_MMAP_THRESHOLD, LARGE_BLOCK), (M_TRIM_THRESHOLD, 2 * LARGE_BLOCK)
    return all(library.mallopt(*threshold) for threshold in thresholds)
