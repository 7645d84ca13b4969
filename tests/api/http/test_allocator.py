"""Memory of large bodies returns to the system, in a process of its own."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import sys
from api.http.allocator import return_freed_memory
from tests.api.http.fuzzing import resident_bytes

if sys.argv[1] == "returned":
    assert return_freed_memory()
del [bytearray(b"x" * 30_000_000)][0]
before = resident_bytes()
bodies, kept = [], []
for _ in range(50):
    bodies.append(bytearray(b"x" * 1_000_000))
    kept.append(bytearray(b"x" * 10_000))
bodies.clear()
print(resident_bytes() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="Other C libraries have no such thresholds.")
def test_memory_of_large_bodies_returns_to_the_system() -> None:
    kept, returned = (
        int(subprocess.run([sys.executable, "-c", PROGRAM, mode], capture_output=True, check=True, text=True).stdout)
        for mode in ("kept", "returned")
    )
    assert kept > 40_000_000
    assert returned < 10_000_000
